//! How ids and sealed bytes look in the OpenAPI document: they are written as text.

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, SchemaFormat, Type},
};

use crate::Opaque;

impl PartialSchema for Opaque {
    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::Custom("base64url".to_owned());
        let text = ObjectBuilder::new().schema_type(Type::String).format(Some(format));
        text.pattern(Some("^[A-Za-z0-9_-]*$")).description(Some("Base64url without padding.")).into()
    }
}

impl ToSchema for Opaque {
    fn name() -> std::borrow::Cow<'static, str> {
        "Opaque".into()
    }
}

/// An id of so many bytes.
pub(crate) fn id(bytes: usize) -> RefOr<Schema> {
    let letters = bytes.saturating_mul(8).div_ceil(6);
    let format = SchemaFormat::Custom("base64url".to_owned());
    let text = ObjectBuilder::new().schema_type(Type::String).format(Some(format));
    let text = text.min_length(Some(letters)).max_length(Some(letters));
    text.pattern(Some("^[A-Za-z0-9_-]*$"))
        .description(Some(format!("{bytes} bytes in base64url without padding.")))
        .into()
}

/// One of some texts.
pub(crate) fn one_of(texts: &'static [&'static str], what: &str) -> RefOr<Schema> {
    let text = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(texts.iter().copied()));
    text.description(Some(what)).into()
}
