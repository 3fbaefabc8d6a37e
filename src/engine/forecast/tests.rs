//! The forecast against counts by hand, and the remedies' order and savings.

use super::*;

const TABLE: DataSize = DataSize { input: InputShape::Flat { features: 50 }, task: Task::Binary, train: 2000 };
const PICTURES: DataSize =
    DataSize { input: InputShape::Image { channels: 1, height: 28, width: 28 }, task: Task::Classes(10), train: 6000 };

fn project(settings: &[&str]) -> Project {
    let mut project = Project::default();
    for setting in settings {
        project.set(setting).unwrap();
    }
    project
}

#[test]
fn parts_are_counted_as_by_hand_and_sum_to_the_whole() {
    let project = project(&["model.hidden=[1000]", "optimizer=adam", "batch_size=100"]);
    let parameters = 50 * 1000 + 1000 + 1000 + 1;
    let found = forecast(&project, &TABLE).unwrap();
    assert_eq!((found.weights, found.gradients), (4 * parameters, 4 * parameters));
    assert_eq!(found.optimizer, 4 * (2 * parameters + 3 * 51_000 / 2));
    assert_eq!(found.activations, 4 * 100 * (1000 + 1000 + 1 + 2 * 1000));
    assert_eq!(found.batch, 4 * 100 * 50);
    assert_eq!(found.kept, 4 * (parameters + 2 * 4 * parameters) + 16_000_000);
    assert_eq!(found.total(), found.parts().map(|it| it.1).sum::<u64>());
    assert_eq!(found.biggest(), Part::Kept);
}

#[test]
fn each_choice_moves_its_own_part() {
    let usual = ["model.hidden=[512,512]", "optimizer=sgd", "optimizer.momentum=0", "batch_size=64"];
    let with = |more: &[&str]| forecast(&project(&[&usual[..], more].concat()), &TABLE).unwrap();
    let plain = with(&[]);
    assert_eq!(plain.optimizer, 0, "SGD without momentum remembers nothing");
    assert!(with(&["optimizer.momentum=0.9"]).optimizer > plain.weights);
    assert_eq!(with(&["batch_size=128"]).activations, 2 * plain.activations);
    assert_eq!(with(&["batch_size=all"]).batch, 4 * 2000 * 50);
    assert_eq!(with(&["batch_size=100000"]).batch, 4 * 2000 * 50, "never more than all rows");
    assert!(with(&["model.dropout=0.5"]).activations > plain.activations);
    let without = with(&["checkpoint.seconds=off"]);
    assert!(without.kept < plain.kept && without.activations == plain.activations);
    let frozen = with(&["optimizer.momentum=0.9", "model.frozen=2"]);
    assert!(frozen.optimizer < with(&["optimizer.momentum=0.9"]).optimizer);
}

#[test]
fn remedies_come_in_the_order_of_least_harm_and_those_with_settings_do_it() {
    let project = project(&["model=cnn", "model.channels=[32,64]", "batch_size=512", "loss=cross_entropy"]);
    let now = forecast(&project, &PICTURES).unwrap();
    let limit = now.total() / 3;
    let advice = advise(&project, &PICTURES, limit);
    let order: Vec<_> = advice.iter().map(|it| it.remedy.label()).collect();
    assert_eq!(
        order,
        [
            "Smaller batch",
            "Gradient accumulation",
            "Smaller input",
            "Smaller layers",
            "Gradient checkpointing",
            "Model parallel, 2 devices"
        ]
    );
    assert!(advice.iter().all(|it| it.saves + it.needs == now.total()), "{advice:?}");
    for it in advice.iter().filter(|it| !it.set.is_empty()) {
        let mut changed = project.clone();
        for (key, value) in &it.set {
            changed.set_value(key, value).unwrap();
        }
        assert_eq!(forecast(&changed, &PICTURES).unwrap().total(), it.needs);
        assert!(it.needs <= limit, "{it:?} is to fit {limit}");
    }
    assert_eq!(advice.iter().filter(|it| !it.set.is_empty()).count(), 2);
    assert_eq!(advice[0].set, [("batch_size".to_owned(), "128".to_owned())]);
    assert!(advice[2].saves > now.activations / 2, "a quarter of the pixels");
}

#[test]
fn the_smallest_network_has_nothing_to_give_up() {
    let project = project(&["model=linear", "batch_size=1"]);
    let advice = advise(&project, &TABLE, 1);
    assert!(advice[0].saves == 0 && advice[0].set.is_empty(), "{advice:?}");
    assert!(advice[3].saves == 0 && advice[3].set.is_empty(), "{advice:?}");
}
