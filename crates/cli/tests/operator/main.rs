//! The operator's commands as a process, against a node of this process with the real programs.

mod ground;

mod deploy;
mod incident;
mod programs;
mod queue;
mod usage;
