//! A look ahead at what is proposed and carried out days later.

use super::{
    access::Place,
    fault::{Fault, Outcome},
    remote::Remote,
    stylus,
};
use alloy_primitives::U256;
use fusebox_authority::types::{Act, Change};
use fusebox_limiter::{storage as tickets, TicketId};

/// Refuses what the chain would find out only when it is carried out, or never: an upgrade to a program that would answer
/// nothing, a ticket that there is not.
///
/// Errors: [`Fault::Verification`] with what to do; no answer from the node.
pub fn look(place: &Place, remote: &Remote<'_>, words: &[U256]) -> Outcome {
    match Change::decode(words) {
        Ok(it) if it.act == Act::Upgrade => stylus::has_to_run(place, it.account()),
        Ok(it) if it.act == Act::Escrow => {
            let id = TicketId(it.args.first().and_then(|id| u128::try_from(*id).ok()).unwrap_or_default());
            match remote.read(|host| tickets::ticket(host, id))? {
                (Some(_), _) => Ok(()),
                (None, _) => Err(Fault::Verification(format!(
                    "there is no ticket {}, or it was paid: fusebox status --tickets lists them",
                    id.0
                ))),
            }
        }
        _ => Ok(()),
    }
}
