//! Rows as users write them, and the table they make.

mod faults;
mod rows;
