//! WIT in the form in which registries for packages take it: types without code, as a component.

use wit_parser::Resolve;

use crate::BuildError;
use crate::encode::one_line;

/// The file's name in messages about the package.
const FILE: &str = "package.wit";

/// Encodes a package of WIT that needs no other, with its comments, as `wkg publish` and registries take
/// it. The same text gives the same bytes.
///
/// # Errors
///
/// [`BuildError::Contract`] if the text is not one package.
pub fn package(wit: &str) -> Result<Vec<u8>, BuildError> {
    let refused =
        |error: &dyn std::fmt::Display| BuildError::Contract(one_line(&format!("{error:#}")));
    let mut resolve = Resolve::default();
    let package = resolve.push_str(FILE, wit).map_err(|error| refused(&error))?;
    wit_component::encode(&resolve, package).map_err(|error| refused(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wit_component::{DecodedWasm, WitPrinter};
    use wit_parser::PackageId;

    const CONTRACT: &str = include_str!("../../../wit/policy.wit");

    fn printed(resolve: &Resolve, package: PackageId) -> String {
        let mut printer = WitPrinter::default();
        printer.print(resolve, package, &[]).unwrap();
        printer.output.to_string()
    }

    #[test]
    fn what_is_taken_out_again_is_the_contract_with_its_comments() {
        let bytes = package(CONTRACT).unwrap();
        let DecodedWasm::WitPackage(resolve, id) = wit_component::decode(&bytes).unwrap() else {
            panic!("no package");
        };
        let mut written = Resolve::default();
        let own = written.push_str(FILE, CONTRACT).unwrap();
        assert_eq!(printed(&resolve, id), printed(&written, own));
        assert_eq!(resolve.packages[id].name.to_string(), "hotseat:policy@1.0.0");
        // What the printer leaves out of both would not be missed above.
        let docs = CONTRACT.lines().filter_map(|line| line.trim().strip_prefix("/// "));
        let text = printed(&resolve, id);
        let lost: Vec<&str> = docs.filter(|line| !text.contains(line)).collect();
        assert_eq!(lost, [""; 0]);
        assert_eq!(bytes, package(CONTRACT).unwrap());
    }

    #[test]
    fn what_is_no_package_is_refused() {
        for wit in ["interface {", "package a:b@1.0.0;\nworld c { import d:e/f@1.0.0; }"] {
            let error = package(wit).unwrap_err();
            assert!(matches!(error, BuildError::Contract(_)), "{error}");
            assert!(!error.to_string().contains('\n'), "{error}");
        }
    }
}
