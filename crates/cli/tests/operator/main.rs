//! The operator's commands as a process, against a node of this process with the real programs.

mod ground;

mod deploy;
mod fragments;
mod incident;
mod programs;
mod queue;
mod steps;
mod ticket;
mod usage;
