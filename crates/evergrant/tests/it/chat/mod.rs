//! One answer to stdout: streamed, kept, resumed, stopped and cut.

mod kept;
mod one_answer;
