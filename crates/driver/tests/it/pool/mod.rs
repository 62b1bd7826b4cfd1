//! Many credentials at once: who is blamed, who is used instead, and how often at most.

mod budgets;
mod conversations;
mod fallback;
mod innocent;
mod models;
