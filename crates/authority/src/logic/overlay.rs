//! A Steward's overlays: tighter, for a while, and never for long.
//!
//! All overlays of a scope that begin within [`EPISODE_SECS`] of the first belong to one episode and end within
//! [`OVERLAY_SECS`] of its start; the next episode starts at least [`EPISODE_SECS`] after it. So any span of
//! [`EPISODE_SECS`] that reaches `x` into an episode has left at least as much of the one before, and sees at most
//! [`OVERLAY_SECS`] of overlay in all. Counted by scope, not by parameter: a stolen key would take them in turn.

use crate::{
    error::{ChangeError, Error},
    types::{
        overlay::{EPISODE_SECS, OVERLAY_SECS},
        Direction, Overlay, OverlayEffect, Role, Roles, Row, Step, Tightening,
    },
};
use alloy_primitives::Address;
use fusebox_core::time::live;

/// The overlay of a parameter, and when its scope's episode started in seconds, 0 if there was none.
pub type State = (Overlay, u64);

/// The value in force: the tighter of the approved one and a live overlay.
///
/// Invariants: AU-8.
pub fn effective(direction: Direction, approved: u128, overlay: &Overlay, now: u64) -> u128 {
    if !overlay.is_live(now) {
        return approved;
    }
    match direction {
        Direction::UpTightens => approved.max(overlay.value),
        Direction::DownTightens => approved.min(overlay.value),
        Direction::Contested => approved,
    }
}

/// A Steward tightens a parameter for a while; a live overlay is replaced by one that is as tight and ends no sooner.
///
/// Errors: [`ChangeError::OutOfBounds`], [`ChangeError::NotTighter`], [`ChangeError::PastFloor`],
/// [`ChangeError::OverlayLength`], [`ChangeError::OverlaySpent`].
/// Invariants: AU-8, AU-9, AU-10, AU-12.
pub fn tighten(
    (overlay, episode): State,
    row: &Row,
    approved: u128,
    now: u64,
    asked: Tightening,
) -> Result<(State, OverlayEffect), ChangeError> {
    let (id, value) = (row.id, asked.value);
    super::table::within(row, value)?;
    if asked.secs == 0 || asked.secs > OVERLAY_SECS {
        return Err(ChangeError::OverlayLength { secs: asked.secs, bound: asked.secs.clamp(1, OVERLAY_SECS) });
    }
    let previous = effective(row.direction, approved, &overlay, now);
    let contested = matches!(row.direction, Direction::Contested);
    if contested || matches!(row.direction.step(previous, value), Step::Looser) {
        return Err(ChangeError::NotTighter { id, value, bound: previous });
    }
    if value == approved {
        return Ok(((overlay, episode), OverlayEffect { changed: false, previous, current: previous }));
    }
    if matches!(row.direction.step(row.floor, value), Step::Tighter) {
        return Err(ChangeError::PastFloor { id, value, bound: row.floor });
    }
    let (start, end) = time_left(&overlay, episode, now)?;
    let kept = if overlay.is_live(now) { overlay.until } else { 0 };
    let until = now.saturating_add(asked.secs).min(end).max(kept);
    let next = Overlay { value, until, barred_until: overlay.barred_until };
    Ok(((next, start), OverlayEffect { changed: next != overlay, previous, current: value }))
}

/// Start of the episode that an overlay set now belongs to, and when it must end.
fn time_left(overlay: &Overlay, episode: u64, now: u64) -> Result<(u64, u64), ChangeError> {
    if live(now, overlay.barred_until) {
        return Err(ChangeError::OverlaySpent { now, bound: overlay.barred_until });
    }
    let again = again(episode);
    let start = if live(now, again) { episode } else { now };
    let end = start.saturating_add(OVERLAY_SECS);
    if !live(now, end) {
        return Err(ChangeError::OverlaySpent { now, bound: again });
    }
    Ok((start, end))
}

/// When the next episode may start.
const fn again(episode: u64) -> u64 {
    if episode == 0 {
        return 0;
    }
    episode.saturating_add(EPISODE_SECS)
}

/// An overlay is cleared: by anyone once it has expired; a live one by a Steward, Governance or Council.
///
/// Where Governance or Council end it, no Steward sets another on that parameter in this episode, or a stolen key would
/// set it again in the next transaction.
///
/// Errors: [`Error::MissingRole`].
/// Invariants: AU-8, AU-9.
pub fn end(
    (overlay, episode): State,
    direction: Direction,
    approved: u128,
    now: u64,
    (who, roles): (Address, Roles),
) -> Result<(Overlay, OverlayEffect), ChangeError> {
    let previous = effective(direction, approved, &overlay, now);
    let over = roles.has(Role::Governance) || roles.has(Role::Council);
    let barred_until = match (overlay.is_live(now), over) {
        (true, true) => again(episode),
        (true, false) if !roles.has(Role::Steward) => {
            return Err(Error::MissingRole { who, role: Role::Steward }.into());
        }
        _ => overlay.barred_until,
    };
    let next = Overlay { value: 0, until: 0, barred_until };
    Ok((next, OverlayEffect { changed: overlay.until != 0, previous, current: approved }))
}
