//! What rules about layers share: which layers are hidden, how they are named, and how far the run has come.

use super::context::Context;
use crate::run::{EpochRow, LayerRow};

/// All layers but the output.
pub(super) fn hidden(row: &EpochRow) -> &[LayerRow] {
    row.layers.split_last().map_or(&[], |(_, hidden)| hidden)
}

/// Names as people list them: `linear 1`, `linear 1 and linear 2`, `linear 1 to linear 4`.
pub(super) fn names(layers: &[&LayerRow]) -> String {
    match layers {
        [] => String::new(),
        [one] => one.name.clone(),
        [first, second] => format!("{} and {}", first.name, second.name),
        [first, .., last] => format!("{} to {}", first.name, last.name),
    }
}

/// How much of the loss of guessing is left, so that what is odd but does no harm can be told from what does.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Remains {
    first: Option<f64>,
}

impl Remains {
    /// Training loss as a share of the loss of always guessing the same, of the first epoch's where nobody measured
    /// that; 1 where nothing is known.
    pub(super) fn after(&mut self, context: &Context, row: &EpochRow) -> f64 {
        let first = *self.first.get_or_insert(row.train_loss);
        let guessing = context.guessing().unwrap_or(first);
        let share = row.train_loss / guessing;
        if guessing > 0.0 && share.is_finite() { share } else { 1.0 }
    }
}

/// Means or deviations of inputs from which on they, and not the network, are what is wrong: a standardized input
/// has mean 0 and deviation 1.
const WELL_SCALED: f64 = 10.0;

/// Whether the data show that the network is fed numbers far from the size it was drawn for.
pub(super) fn has_wild_inputs(context: &Context) -> bool {
    let scales = context.data.as_ref().and_then(|it| it.scales.as_ref());
    scales.is_some_and(|it| it.furthest_mean.abs() > WELL_SCALED || it.widest_deviation > WELL_SCALED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::made_up::{layered, regression};
    use crate::run::{DataFacts, InputScales};

    #[test]
    fn the_output_is_no_hidden_layer_and_names_are_listed_as_spoken() {
        let row = &layered::healthy(1, 4)[0];
        let hidden: Vec<_> = hidden(row).iter().collect();
        assert_eq!(hidden.len(), 4);
        assert_eq!(
            [0, 1, 2, 4].map(|n| names(&hidden[..n])),
            ["", "linear 1", "linear 1 and linear 2", "linear 1 to linear 4"]
        );
        assert!(super::hidden(&EpochRow::default()).is_empty());
    }

    #[test]
    fn what_remains_is_a_share_of_guessing_or_of_the_first_loss() {
        let mut context = regression();
        context.baseline.insert("loss".to_owned(), 4.0);
        let row = |train_loss| EpochRow { train_loss, ..EpochRow::default() };
        assert_eq!(Remains::default().after(&context, &row(1.0)), 0.25);
        context.baseline.clear();
        let mut remains = Remains::default();
        assert_eq!((remains.after(&context, &row(2.0)), remains.after(&context, &row(1.0))), (1.0, 0.5));
        assert_eq!(Remains::default().after(&context, &row(f64::NAN)), 1.0);
    }

    #[test]
    fn inputs_are_wild_beyond_ten() {
        let scaled = |furthest_mean, widest_deviation| {
            let scales = InputScales { furthest_mean, widest_deviation, ..InputScales::default() };
            has_wild_inputs(&Context {
                data: Some(DataFacts { scales: Some(scales), ..DataFacts::default() }),
                ..regression()
            })
        };
        assert_eq!([scaled(9.9, 9.9), scaled(-10.1, 1.0), scaled(0.0, 10.1)], [false, true, true]);
        assert!(!has_wild_inputs(&regression()));
    }
}
