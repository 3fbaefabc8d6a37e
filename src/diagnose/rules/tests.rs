//! What holds for every rule: it is troubled by something here, its remedies can be taken, and causes do not go in circles.

use std::collections::{BTreeMap, BTreeSet};

use super::RULES;
use crate::diagnose::made_up::{Noise, binary, healthy, layered, recorded, run};
use crate::diagnose::{Context, Doctor, apply};
use crate::run::{
    ClassRow, DataFacts, EpochRow, FindingRow, FindingState, FinishReason, InputScales, TellingColumn, Timing,
};

/// Runs that between them trouble the rules that read curves.
fn curves() -> Vec<Vec<EpochRow>> {
    let mut noise = Noise::new(11);
    let mut rough = || (1.0 + 0.3 * noise.normal()).max(0.2);
    let mut spam = recorded::spam_emails();
    for row in &mut spam {
        row.validation_loss *= 1.0 + 0.1 * row.epoch as f64;
    }
    let mut few = run(60, |epoch| (0.4 + (-epoch / 3.0).exp(), 0.45 + (-epoch / 3.0).exp()));
    for row in &mut few {
        row.validation_se = Some(0.15);
    }
    let at_rate = |mut rows: Vec<EpochRow>, rate: f64| {
        for row in &mut rows {
            row.learning_rate = rate;
        }
        rows
    };
    vec![
        spam,
        run(40, |epoch| (1.2_f64.powf(epoch), 1.0)),
        run(60, |epoch| (if epoch == 30.0 || epoch == 44.0 { 1.0 } else { 0.3 }, 0.35)),
        at_rate(run(40, |_| (0.5 * rough(), 0.5)), 0.1),
        at_rate(run(40, |epoch| (1.0 - 0.001 * epoch, 1.0 - 0.001 * epoch)), 1e-6),
        run(60, |epoch| (0.66 + (-epoch).exp(), 0.66)),
        run(10, |epoch| ((-0.1 * epoch).exp(), (-0.1 * epoch).exp())),
        run(120, |epoch| ((-0.08 * epoch).exp(), 0.3 + (-epoch / 2.0).exp())),
        few,
        run(40, |_| (0.5, 0.3)),
        run(60, |_| (1.0, 1.3)),
        run(3, |_| (f64::NAN, f64::NAN)),
    ]
}

/// Data and hardware that trouble the rules that read them, with the settings that belong to them.
fn data() -> Vec<(Context, Vec<EpochRow>)> {
    let facts = |data: DataFacts| (Context { data: Some(data), ..binary() }, healthy(1, 40));
    let telling = |column: &str, skill: f64| TellingColumn { column: column.to_owned(), skill };
    let leak = vec![telling("result", 0.99), telling("x1", 0.1), telling("x2", 0.05)];
    let scales = InputScales {
        furthest: "year".to_owned(),
        furthest_mean: 2000.0,
        widest: "price".to_owned(),
        widest_deviation: 5000.0,
        narrowest: "share".to_owned(),
        narrowest_deviation: 0.1,
    };
    let mut unscaled = facts(DataFacts { scales: Some(scales), ..DataFacts::default() });
    unscaled.0.project.set("data.standardize=off").unwrap();
    let with = |mut rows: Vec<EpochRow>, change: &dyn Fn(&mut EpochRow)| {
        rows.iter_mut().for_each(change);
        rows
    };
    let collapsed = with(run(40, |_| (0.6, 0.6)), &|row| {
        let class = |rows, predicted, correct| ClassRow { rows, predicted, correct };
        row.classes = vec![class(320, 400, 320), class(80, 0, 0)];
    });
    let noisy = with(run(40, |epoch| (0.5 / epoch.sqrt(), 0.4 + 0.002 * (epoch - 10.0).powi(2))), &|row| {
        row.errors_by_certainty = vec![0.19, 0.21, 0.21, 0.29];
    });
    let timed = |timing: Timing| with(healthy(1, 40), &|row| row.timing = Some(timing));
    let mut card = Context { device: "gpu:0".to_owned(), ..binary() };
    card.project.set("device=gpu").unwrap();
    vec![
        facts(DataFacts { class_rows: vec![900, 30], ..DataFacts::default() }),
        facts(DataFacts { repeated_validation_rows: 60, ..DataFacts::default() }),
        facts(DataFacts { telling: leak, ..DataFacts::default() }),
        unscaled,
        (binary(), collapsed),
        (binary(), noisy),
        (card, timed(Timing { steps: 0.3, step: 0.01, cpu_step: Some(0.001), ..Timing::default() })),
        (binary(), timed(Timing { steps: 1.0, input: 0.8, step: 0.03, ..Timing::default() })),
    ]
}

/// Everything that troubles some rule, under its own project and under many others.
fn troubles() -> Vec<(Context, Vec<EpochRow>)> {
    let few_rows = || Context { validation_rows: 20, epochs: 10, ..binary() };
    let mut all: Vec<(Context, Vec<EpochRow>)> = curves().into_iter().map(|rows| (few_rows(), rows)).collect();
    all.extend(layered::troubles().into_iter().map(|(_, context, rows)| (context, rows)));
    all.extend(data());
    all
}

fn told(context: &Context, rows: &[EpochRow]) -> Vec<FindingRow> {
    let mut doctor = Doctor::new(context.clone());
    let mut told: Vec<_> = rows.iter().flat_map(|row| doctor.observe(row)).collect();
    told.extend(doctor.finish(FinishReason::Completed));
    told.retain(|it| it.state != FindingState::Cleared);
    told
}

/// Checks every finding, and counts by rule those that offer something.
fn check(context: &Context, rows: &[EpochRow], offers: &mut BTreeMap<String, usize>) {
    for finding in told(context, rows) {
        assert!(!finding.text.is_empty() && !finding.rival.is_empty() && !finding.formula.is_empty(), "{finding:?}");
        assert!(finding.text.matches(". ").count() <= 1, "at most two sentences: {}", finding.text);
        *offers.entry(finding.rule.clone()).or_default() += finding.remedies.len();
        for remedy in &finding.remedies {
            let mut project = context.project.clone();
            apply(remedy, &mut project).unwrap_or_else(|refused| panic!("{}: {refused}", finding.rule));
            assert!(project != context.project && project.check().is_ok(), "{}: {remedy:?}", finding.rule);
        }
    }
}

#[test]
fn every_rule_is_troubled_and_offers_what_its_project_can_take() {
    let mut offers = BTreeMap::new();
    for (context, rows) in troubles() {
        check(&context, &rows, &mut offers);
    }
    let names: BTreeSet<_> = RULES.iter().map(|it| it.id.to_owned()).collect();
    let troubled: BTreeSet<_> = offers.keys().cloned().collect();
    assert_eq!(names, troubled, "a rule that is added needs a trouble here");
    let idle: Vec<_> = offers.iter().filter(|(_, n)| **n == 0).map(|(rule, _)| rule.as_str()).collect();
    assert!(idle.is_empty(), "a finding offers the experiment that settles it: {idle:?}");
}

#[test]
fn remedies_suit_whatever_else_the_project_has() {
    let settings = [
        vec!["model=linear"],
        vec!["model=mlp", "model.dropout=0.3", "model.hidden=[1]", "data.standardize=off", "clip_norm=0.5"],
        vec!["model=mlp", "model.dropout=0.9", "schedule=cosine", "stopping=off", "split.validation=0.6"],
        vec!["model=cnn", "schedule=exponential", "clip_norm=0.1"],
    ];
    for setting in settings {
        for optimizer in ["sgd", "adagrad", "rmsprop", "adam", "adamw", "lion"] {
            for (mut context, rows) in troubles() {
                for it in &setting {
                    context.project.set(it).unwrap();
                }
                context.project.set_value("optimizer", optimizer).unwrap();
                check(&context, &rows, &mut BTreeMap::new());
            }
        }
    }
}

#[test]
fn no_rule_explains_one_that_explains_it() {
    for rule in RULES {
        for other in RULES.iter().filter(|it| rule.explains.contains(&it.id)) {
            assert!(!other.explains.contains(&rule.id), "{} and {}", rule.id, other.id);
        }
        for id in rule.explains {
            assert!(RULES.iter().any(|it| it.id == *id), "{} explains {id}, which is no rule", rule.id);
        }
    }
}
