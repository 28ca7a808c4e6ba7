//! The client for browsers: conversions between JavaScript values and [`waxwing_client`], nothing else.

#[cfg(feature = "bench")]
mod bench;
mod convert;

use rand_core::OsRng;
use wasm_bindgen::prelude::*;
use waxwing_client::Client;

/// The client machine. JavaScript feeds inputs and carries out the effects in order.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Engine {
    client: Client,
}

impl Default for Engine {
    fn default() -> Self {
        Self::new()
    }
}

#[wasm_bindgen]
impl Engine {
    /// A client that knows nothing yet; its first input is `{ type: "start", entries }`.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        console_error_panic_hook::set_once();
        Self { client: Client::new() }
    }

    /// Takes one input at the time `nowMs` (milliseconds since 1970) and returns the effects to carry out, in order.
    ///
    /// # Errors
    /// A string that says what about the input is not as it should be; the client is unchanged then.
    pub fn handle(
        &mut self,
        input: JsValue,
        #[wasm_bindgen(js_name = nowMs)] now_ms: f64,
    ) -> Result<JsValue, JsValue> {
        let input = convert::input(input).map_err(|error| JsValue::from_str(&error.to_string()))?;
        // JavaScript clocks are whole milliseconds well below 2^53.
        let effects = self.client.handle(input, now_ms as u64, &mut OsRng);
        convert::effects(effects).map_err(|error| JsValue::from_str(&error.to_string()))
    }
}

/// Version of the client.
#[wasm_bindgen]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// Runs one file of test vectors and returns the number of cases.
///
/// # Errors
/// A string that names the first case that did not come out as stated.
#[cfg(feature = "vectors")]
#[wasm_bindgen(js_name = runVectors)]
pub fn run_vectors(file_name: &str, json: &str) -> Result<usize, JsValue> {
    waxwing_crypto_core::vectors::run(file_name, json).map_err(|error| JsValue::from_str(&error))
}
