//! Many processes at once, processes killed in the middle, and a token endpoint that fails without a proof of death.

mod kill;
mod processes;
mod scene;
mod transient;
