//! A model of everyone who renews one grant: the real machine in up to three processes, and around it one store, one
//! lock, one provider and time, in every order in which their steps can fall.

mod engine;
mod event;
mod explore;
mod fair;
mod hands;
mod law;
mod process;
mod provider;
mod runs;
mod scope;
mod store;
mod world;
