//! The address of a request, of which the first part may be a gateway's and the rest stands below a provider's base.

use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::remedy::Remedy;
use http::Uri;
use http::uri::{InvalidUri, PathAndQuery};

use super::withheld::without_keys;

/// Path and query of a request. They stay in the one piece that they came in, because most providers want what most clients ask
/// for, `/v1` and all; then nothing has to be put together, and parsed again.
pub(super) struct Address {
    whole: PathAndQuery,
    /// How much of it a provider's base takes the place of.
    above: usize,
}

impl Address {
    /// That of a request, of which this many bytes stand above a provider's base.
    pub(super) fn new(uri: Uri, above: usize) -> Self {
        let whole = uri.into_parts().path_and_query;
        let whole = whole.unwrap_or(PathAndQuery::from_static("/"));
        let is_place = whole.path().is_char_boundary(above);
        Self {
            above: if is_place { above } else { 0 },
            whole,
        }
    }

    /// Its path below a provider's base, without a query.
    pub(super) fn path(&self) -> &str {
        &self.whole.path()[self.above..]
    }

    /// Whether it is of letters and digits alone, as most are: then it holds no key, asks for nothing, and leads nowhere else.
    pub(super) fn is_plain(&self) -> bool {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_');
        self.below().bytes().all(is_word)
    }

    /// The same address without the fields of its query that stay here, the rest byte for byte.
    ///
    /// # Errors
    /// A path that holds a client key, which nothing can be taken out of.
    pub(super) fn without_keys(self) -> Result<Self, Failure> {
        let below = self.below();
        let left = without_keys(below)?;
        if left.len() == below.len() {
            return Ok(self);
        }
        let whole = PathAndQuery::try_from(left.into_owned()).map_err(|error| no_path(&error))?;
        Ok(Self { whole, above: 0 })
    }

    /// The address of this path and query at a provider whose base has this path.
    pub(super) fn at(&self, base: &str) -> Result<Uri, Failure> {
        if self.whole.as_str()[..self.above] == *base {
            return Ok(self.whole.clone().into());
        }
        Uri::try_from([base, self.below()].concat()).map_err(|error| no_path(&error))
    }

    fn below(&self) -> &str {
        &self.whole.as_str()[self.above..]
    }
}

fn no_path(error: &InvalidUri) -> Failure {
    Failure::new(Code::UnknownPath, format!("not a path that can be asked for: {error}"))
        .with_remedy(Remedy::ChangeRequest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(asked: &'static str, above: usize, base: &str, expected: &str) {
        let address = Address::new(Uri::from_static(asked), above).without_keys().unwrap();
        assert_eq!(address.at(base).unwrap(), expected, "{asked} at {base}");
    }

    #[test]
    fn an_address_stands_below_whatever_base() {
        check("/v1/models?a=b", 3, "/v1", "/v1/models?a=b");
        check("/v1/models?a=b", 3, "/v2/x", "/v2/x/models?a=b");
        check("/v1/models?a=b", 3, "", "/models?a=b");
        check("/v1/models?key=1&a=b", 3, "/v1", "/v1/models?a=b");
        check("/models", 0, "", "/models");
        check("/models", 0, "/v1", "/v1/models");
    }

    #[test]
    fn what_stands_above_is_no_part_of_its_path() {
        let address = Address::new(Uri::from_static("/p/acme/v1/files/x?y"), 10);
        assert_eq!((address.path(), address.below()), ("/files/x", "/files/x?y"));
        let address = Address::new(Uri::from_static("/x?y"), 5);
        assert_eq!((address.path(), address.below()), ("/x", "/x?y"));
    }
}
