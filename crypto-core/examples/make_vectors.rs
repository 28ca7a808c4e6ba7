//! Writes `tests/vectors/*.json` anew: `cargo run -p waxwing-crypto-core --features vectors --example make_vectors`.
//!
//! A file that cannot be reproduced (it holds randomness of a library) stays as it is; delete it to replace it.

use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    std::fs::create_dir_all(&folder)?;
    for file in waxwing_crypto_core::vectors::make()? {
        let path = folder.join(file.name);
        if file.reproducible || !path.exists() {
            std::fs::write(&path, &file.json)?;
        }
    }
    Ok(())
}
