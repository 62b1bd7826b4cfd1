//! What must hold of every reader of foreign bytes, whatever the bytes; asked by the fuzzer and by an ordinary test.

mod callback;
mod evidence;
mod leak;
mod retry_after;
mod row;
mod stream;
mod token_answer;
mod written;

pub use callback::callback;
pub use evidence::evidence;
pub use retry_after::retry_after;
pub use row::row;
pub use stream::stream;
pub use token_answer::token_answer;
