//! A list that is almost always short: its first items need no allocation.

use std::ops::{Deref, DerefMut};

/// Up to `N` items in place; all of them elsewhere if there are more.
#[derive(Clone, Debug)]
pub(super) struct Few<T, const N: usize> {
    here: [T; N],
    length: usize,
    elsewhere: Vec<T>,
}

impl<T: Copy + Default, const N: usize> Default for Few<T, N> {
    fn default() -> Self {
        Self {
            here: [T::default(); N],
            length: 0,
            elsewhere: Vec::new(),
        }
    }
}

impl<T: Copy + Default, const N: usize> Few<T, N> {
    /// Adds an item.
    pub(super) fn push(&mut self, item: T) {
        if let Some(place) = self.here.get_mut(self.length) {
            *place = item;
            self.length += 1;
            return;
        }
        if self.elsewhere.is_empty() {
            self.elsewhere.extend(self.here);
        }
        self.elsewhere.push(item);
    }
}

impl<T, const N: usize> Deref for Few<T, N> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        if self.elsewhere.is_empty() {
            &self.here[..self.length]
        } else {
            &self.elsewhere
        }
    }
}

impl<T, const N: usize> DerefMut for Few<T, N> {
    fn deref_mut(&mut self) -> &mut [T] {
        if self.elsewhere.is_empty() {
            &mut self.here[..self.length]
        } else {
            &mut self.elsewhere
        }
    }
}
