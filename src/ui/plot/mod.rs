//! Drawing on charts: axes, curves thinned to the pixel, marks that no zoom loses, and what the pointer tells.
//!
//! egui_plot draws grid and axes; the rest is painted on the ground it leaves. Everything here shows what a
//! [`crate::run::Run`] holds and changes nothing.

mod axis;
pub(crate) mod band;
mod blocks;
pub(crate) mod boundary;
pub(crate) mod chart;
pub(crate) mod hover;
pub(crate) mod life;
pub(crate) mod line;
pub(crate) mod marking;
pub(crate) mod marks;
pub(crate) mod palette;
mod pills;
pub(crate) mod scene;
pub(crate) mod trace;
pub(crate) mod watch;

pub(crate) use axis::Marks;
