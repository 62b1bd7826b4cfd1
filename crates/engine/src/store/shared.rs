//! A value that several hold and that each may change for itself.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// A value as good as one's own: copying it shares it, and whoever changes it changes a copy that nobody else sees.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Shared<T>(Arc<T>);

impl<T: Clone> Shared<T> {
    /// The value itself.
    pub fn into_inner(self) -> T {
        Arc::unwrap_or_clone(self.0)
    }
}

impl<T> From<T> for Shared<T> {
    fn from(value: T) -> Self {
        Self(Arc::new(value))
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Clone> DerefMut for Shared<T> {
    fn deref_mut(&mut self) -> &mut T {
        Arc::make_mut(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_seen_by_nobody_else() {
        let one = Shared::from("a".to_owned());
        let mut other = one.clone();
        assert!(Arc::ptr_eq(&one.0, &other.0));
        other.push('b');
        assert_eq!((one.as_str(), other.as_str()), ("a", "ab"));
        assert_eq!(other.into_inner(), "ab");
    }
}
