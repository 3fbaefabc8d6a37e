//! Whatever comes through the pipe between window and worker, its reader gets messages of ours or an error.

use super::super::job::Branch;
use super::frame::{Down, Order, Up, VERSION, Work, read, write};
use crate::mutate::{fuzz, mutated};
use crate::run::{Command, EpochRow, Event, Fit, Views};
use crate::spec::Project;

fn framed(message: &impl serde::Serialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut bytes, message).unwrap();
    bytes
}

fn corpus() -> Vec<Vec<u8>> {
    let order = |work| Down::Order(Order { version: VERSION, base: "/somewhere".into(), threads: Some(3), work });
    let train = Work::Train {
        project: Box::new(Project::default()),
        name: "it".to_owned(),
        out: Some("/somewhere/run".into()),
        log_every: Some(3),
        begins_paused: true,
        watched: true,
        branch: Some(Branch { run: "parent".into(), epoch: 3, set: vec![("clip_norm".to_owned(), "1".to_owned())] }),
    };
    let row = EpochRow { epoch: 3, metrics: [("train_r2".to_owned(), 0.5)].into(), ..EpochRow::default() };
    let fit = Fit { pairs: vec![(1.0, f32::NAN); 20], ..Fit::default() };
    vec![
        framed(&order(train)),
        framed(&order(Work::Resume { folder: "run".into(), device: None, memory: None, log_every: None })),
        framed(&Down::Command(Command::Set { key: "learning_rate".to_owned(), value: "0.1".to_owned() })),
        framed(&Up::Events(vec![Event::Epoch(row), Event::Paused { step: 7 }, Event::Resumed { step: 7 }])),
        framed(&Up::Views(Box::new(Views { fit: Some(fit), ..Views::default() }))),
    ]
}

#[test]
fn no_damage_to_messages_brings_a_reader_down() {
    let corpus = corpus();
    // Several messages in a row, read to the end as both sides would.
    fuzz(
        "worker's messages",
        6000,
        |chance| [mutated(&corpus, chance), mutated(&corpus, chance)].concat(),
        |bytes| {
            let mut from = bytes.as_slice();
            while let Ok(Some(_)) = read::<Up>(&mut from) {}
            let mut from = bytes.as_slice();
            while let Ok(Some(_)) = read::<Down>(&mut from) {}
        },
    );
}

#[test]
fn no_damage_within_a_message_of_the_right_length_brings_a_reader_down() {
    let bodies: Vec<Vec<u8>> = corpus().into_iter().map(|it| it[4..].to_vec()).collect();
    fuzz(
        "worker's messages behind a right length",
        6000,
        |chance| {
            let body = mutated(&bodies, chance);
            [&(body.len() as u32).to_le_bytes()[..], &body].concat()
        },
        |bytes| {
            drop(read::<Up>(&mut bytes.as_slice()));
            drop(read::<Down>(&mut bytes.as_slice()));
        },
    );
}
