//! A list that is almost always short: its first items need no allocation.

/// Up to `N` items in place, and more beside.
#[derive(Clone, Debug)]
pub(super) struct Few<T, const N: usize> {
    here: [T; N],
    length: usize,
    more: Vec<T>,
}

impl<T: Copy + Default, const N: usize> Default for Few<T, N> {
    fn default() -> Self {
        Self {
            here: [T::default(); N],
            length: 0,
            more: Vec::new(),
        }
    }
}

impl<T: Copy + Default, const N: usize> Few<T, N> {
    /// Adds an item.
    pub(super) fn push(&mut self, item: T) {
        if let Some(place) = self.here.get_mut(self.length) {
            *place = item;
            self.length += 1;
        } else {
            self.more.push(item);
        }
    }

    /// How many there are.
    pub(super) const fn len(&self) -> usize {
        self.length + self.more.len()
    }

    /// All of them, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.here[..self.length].iter().chain(&self.more)
    }

    /// All of them, to be changed.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.here[..self.length].iter_mut().chain(&mut self.more)
    }
}
