//! What the plateau rule must see, and what it must leave alone.

use crate::diagnose::Context;
use crate::diagnose::made_up::{Noise, binary, healthy, recorded, regression, run, states, told, worst};
use crate::run::{EpochRow, Severity};
use crate::run::{FindingRow, FindingState};
use crate::spec::Project;

/// A run that gets nowhere: level at `level`, with noise.
fn level_at(level: f64, noise: f64, learning_rate: f64) -> Vec<EpochRow> {
    let mut draw = Noise::new(5);
    let mut rows = run(40, |_| (level * (1.0 + noise * draw.normal()), level));
    for row in &mut rows {
        row.learning_rate = learning_rate;
    }
    rows
}

fn plateau(context: &Context, rows: &[EpochRow]) -> Vec<FindingRow> {
    told("plateau", context, rows)
}

#[test]
fn stuck_at_guessing_is_a_warning_that_names_the_likelier_cause() {
    let cases = [
        (
            level_at(1.0, 0.0, 0.001),
            "too high or too low",
            vec!["Learning rate 0.00033, a third", "Learning rate 0.003, three times as much"],
        ),
        (
            level_at(1.0, 0.02, 0.003),
            "too high",
            vec!["Learning rate 0.001, a third", "Learning rate 0.009, three times as much"],
        ),
    ];
    for (rows, words, remedies) in cases {
        let mut context = regression();
        context.project.learning_rate = rows[0].learning_rate;
        let told = plateau(&context, &rows);
        assert_eq!((told[0].state, told[0].severity), (FindingState::Raised, Severity::Warning), "{words}");
        assert!(told[0].epoch <= 20 && told[0].from_epoch <= 10, "{words}: {} {}", told[0].epoch, told[0].from_epoch);
        assert!(told[0].text.contains(words) && told[0].text.contains("consistent with"), "{}", told[0].text);
        assert_eq!(told[0].remedies.iter().map(|it| it.label.as_str()).collect::<Vec<_>>(), remedies);
    }
}

#[test]
fn house_prices_with_units_killed_in_the_first_epoch_are_stuck() {
    let mut context = regression();
    context.baseline.insert("loss".to_owned(), 0.7987);
    context.project.learning_rate = 0.1;
    let told = plateau(&context, &recorded::house_prices_stalled());
    assert_eq!(states(&told)[..1], [FindingState::Raised]);
    assert_eq!((told[0].severity, told[0].epoch), (Severity::Warning, 17));
    assert!(told[0].text.contains("0.1 that is too high"), "{}", told[0].text);
    assert!(!states(&told).contains(&FindingState::Cleared));
    context.knows_project = false;
    let told = plateau(&context, &recorded::house_prices_stalled());
    assert_eq!(states(&told)[..1], [FindingState::Raised]);
    assert_eq!((told[0].severity, told[0].epoch), (Severity::Warning, 17));
    assert!(told[0].text.contains("hardly better than") && told[0].remedies.is_empty(), "{}", told[0].text);
    assert!(!states(&told).contains(&FindingState::Cleared));
}

#[test]
fn a_healthy_run_earns_an_info_at_most() {
    for seed in 0..20 {
        assert!(worst(&plateau(&regression(), &healthy(seed, 120))) <= Some(Severity::Info), "seed {seed}");
    }
    for (name, rows) in recorded::healthy() {
        assert!(worst(&plateau(&regression(), &rows)) <= Some(Severity::Info), "{name}");
    }
}

#[test]
fn converged_says_so_and_excellent_says_nothing() {
    let falling_to = |floor: f64| run(80, |epoch| (floor + (-epoch / 3.0).exp(), floor + (-epoch / 3.0).exp()));
    let told = plateau(&regression(), &falling_to(0.3));
    assert_eq!((told[0].state, told[0].severity), (FindingState::Raised, Severity::Info));
    assert!(told[0].text.contains("converged") && told[0].text.contains("70 %"), "{}", told[0].text);
    assert!(plateau(&regression(), &falling_to(0.01)).is_empty());
}

#[test]
fn an_imbalanced_data_set_that_is_learned_is_not_stuck() {
    let mut rows = run(60, |_| (0.31, 0.32));
    for row in &mut rows {
        row.metrics.insert("validation_accuracy".to_owned(), 0.9);
        row.metrics.insert("validation_roc_auc".to_owned(), 0.85);
    }
    let mut context = binary();
    context.baseline.extend([("loss".to_owned(), 0.325), ("accuracy".to_owned(), 0.9)]);
    assert_eq!(worst(&plateau(&context, &rows)), Some(Severity::Info));
}

#[test]
fn too_short_or_falling_is_silent() {
    assert!(plateau(&regression(), &level_at(1.0, 0.0, 0.001)[..14]).is_empty());
    let slow = run(100, |epoch| (0.997_f64.powf(epoch), 0.997_f64.powf(epoch)));
    assert!(plateau(&regression(), &slow).is_empty());
    assert!(
        plateau(&regression(), &run(40, |epoch| (1.02_f64.powf(epoch), 1.0))).is_empty(),
        "rising is another rule's"
    );
}

#[test]
fn it_clears_when_the_loss_breaks_free() {
    let mut noise = Noise::new(2);
    let rows = run(80, |epoch| {
        let loss = if epoch < 40.0 { 0.69 } else { 0.69 * (-(epoch - 40.0) / 10.0).exp() };
        (loss * (1.0 + 0.002 * noise.normal()), loss)
    });
    let told = plateau(&binary(), &rows);
    assert_eq!(
        (told.first().map(|it| it.state), told.last().map(|it| it.state)),
        (Some(FindingState::Raised), Some(FindingState::Cleared))
    );
    assert!(told.last().is_some_and(|it| it.epoch < 50 && it.text.contains("has come down")), "{told:?}");
}

#[test]
fn with_one_update_an_epoch_a_stretch_is_a_hundred_epochs() {
    let context = Context { steps_per_epoch: 1, ..regression() };
    let creeping = run(600, |epoch| (0.9995_f64.powf(epoch), 0.9995_f64.powf(epoch)));
    assert!(plateau(&context, &creeping).is_empty());
    assert_eq!(plateau(&context, &run(130, |_| (1.0, 1.0)))[0].epoch, 107);
}

#[test]
fn a_rate_that_a_schedule_decayed_is_offered_to_stay_constant() {
    let mut context = binary();
    context.project.set("schedule=exponential").unwrap();
    let mut rows = level_at(0.69, 0.0, 0.001);
    for row in &mut rows {
        row.learning_rate *= 0.5_f64.powf(row.epoch as f64);
    }
    assert_eq!(plateau(&context, &rows)[0].remedies[0].label, "Keep the learning rate constant");
    context.project = Project::default();
    context.project.set("model=linear").unwrap();
    assert!(plateau(&context, &level_at(0.69, 0.0, 0.001)).is_empty(), "underfitting is named as the cause");
}

#[test]
fn reduce_on_plateau_is_not_blamed_for_what_it_answers() {
    let mut context = regression();
    context.project.set("schedule=plateau").unwrap();
    let mut rows = level_at(1.0, 0.0, 0.001);
    for row in rows.iter_mut().filter(|row| row.epoch > 12) {
        row.learning_rate = 0.00001;
    }
    let told = plateau(&context, &rows);
    assert!(told[0].text.contains("0.001 that does not suit"), "{}", told[0].text);
}

#[test]
fn a_creeping_run_stays_stuck_until_it_moves_in_earnest() {
    // Spirals at a hundredth of the usual rate: 0.2 % in ten epochs, then a little more.
    let rows = run(120, |epoch| {
        (0.6905 - 0.00015 * epoch - 1.2e-6 * epoch * epoch, 0.6915 - 0.00014 * epoch - 1.2e-6 * epoch * epoch)
    });
    assert!(!states(&plateau(&binary(), &rows)).contains(&FindingState::Cleared));
}

#[test]
fn what_a_reduction_of_the_rate_did_is_told() {
    let with_step = |after: f64| {
        let mut rows = run(70, |epoch| {
            let loss =
                if epoch < 30.0 { 0.5 + (-epoch).exp() } else { after + (0.5 - after) * (-(epoch - 30.0)).exp() };
            (loss, loss)
        });
        for row in rows.iter_mut().filter(|row| row.epoch > 30) {
            row.learning_rate = 0.0002;
        }
        rows
    };
    let told = plateau(&regression(), &with_step(0.4));
    let last = told.last().unwrap();
    assert!(last.text.contains("from 0.001 to 0.0002 at epoch 31 brought it down from 0.5 by 20 %"), "{}", last.text);
    assert!(told.iter().all(|it| it.severity == Severity::Info));
    let told = plateau(&regression(), &with_step(0.499));
    assert!(told.last().unwrap().text.contains("at epoch 31 did not move it"), "{}", told.last().unwrap().text);
}

#[test]
fn curves_from_elsewhere_are_held_against_their_first_epoch() {
    let elsewhere =
        Context { knows_project: false, baseline: crate::run::Metrics::new(), validation_rows: 0, ..regression() };
    let told = plateau(&elsewhere, &level_at(40.0, 0.02, f64::NAN));
    assert_eq!((told[0].severity, told[0].epoch), (Severity::Warning, 20));
    assert!(told[0].text.contains("a learning rate that is too high"), "{}", told[0].text);
}
