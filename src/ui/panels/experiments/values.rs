//! The numbers of all experiments that were made, one point of a plot in each line.

use crate::report::points_csv;
use crate::run::Run;

/// `experiment`, the line of the plot, where the point stands on its horizontal axis, and its value. The horizontal
/// axis is steps of a probe's copies, the learning rate of a range test, and the seed.
pub(super) fn values(run: &Run) -> String {
    let point = |experiment: &str, line: &str, x: String, value: f64| {
        vec![experiment.to_owned(), line.to_owned(), x, value.to_string()]
    };
    let mut rows = Vec::new();
    if let Some(probe) = &run.probe {
        for fork in &probe.forks {
            let line = format!("learning rate {}", fork.learning_rate);
            let steps = (0..).map(|it: u64| (it * probe.stretch).to_string());
            rows.extend(steps.zip(&fork.losses).map(|(step, loss)| point("probe", &line, step, *loss)));
        }
    }
    for it in run.range_test.iter().flat_map(|it| &it.points) {
        rows.push(point("range test", "loss", it.learning_rate.to_string(), it.loss));
        rows.push(point("range test", "smoothed", it.learning_rate.to_string(), it.smoothed));
    }
    let seeds = run.seeds.values().into_iter();
    rows.extend(seeds.map(|(seed, loss)| point("seeds", "best validation loss", seed.to_string(), loss)));
    points_csv(&["experiment", "line", "x", "value"], rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{Event, Fork, Probe, RangePoint, RangeTest};
    use crate::spec::Project;

    #[test]
    fn every_point_of_every_experiment_has_a_line() {
        let fork = |rate: f64, losses: &[f64]| Fork { factor: 1.0, learning_rate: rate, losses: losses.to_vec() };
        let forks = vec![fork(0.1, &[1.0, 0.5]), fork(0.01, &[1.0, 0.75])];
        let probe = Probe { stretch: 10, forks, ..Probe::default() };
        let points = vec![RangePoint { learning_rate: 1e-3, loss: 2.0, smoothed: 1.5 }];
        let events = [Event::Probe(probe), Event::RangeTest(RangeTest { points, ..RangeTest::default() })];
        let expected = "experiment,line,x,value\n\
                        probe,learning rate 0.1,0,1\nprobe,learning rate 0.1,10,0.5\n\
                        probe,learning rate 0.01,0,1\nprobe,learning rate 0.01,10,0.75\n\
                        range test,loss,0.001,2\nrange test,smoothed,0.001,1.5\n";
        assert_eq!(values(&Run::replay(Project::default(), events)), expected);
    }
}
