//! Experiments on a copy of the training: weights, running statistics and the optimizer's memory are copied, and the
//! training itself goes on as if nothing had been tried.

use super::{End, Worker};
use crate::data::epoch_order;
use crate::diagnose::{add_point, band, judge, weigh};
use crate::engine::{StepOrder, Trainer};
use crate::run::{AfterRow, Event, Forgotten, Fork, Preparing, Probe, RangePoint, RangeTest};
use crate::spec::number_text;

/// Learning rates of a probe, as multiples of the training's own.
const FACTORS: [f64; 3] = [1.0 / 3.0, 1.0, 3.0];

/// Losses measured along each fork.
const STRETCHES: u64 = 12;

/// Steps of a fork: two epochs, but enough to move at all and few enough to wait for.
const FEWEST_STEPS: u64 = 60;
const MOST_STEPS: u64 = 600;

/// Training rows on which forks are compared.
const COMPARED_ROWS: usize = 1000;

/// Steps after which an emptied memory has filled again, with the usual decay rates for the most part.
const FORGETTING_STEPS: usize = 60;

/// The learning rates a range test runs through, as Lightning has them.
const LOWEST_RATE: f64 = 1e-7;
const HIGHEST_RATE: f64 = 10.0;
const RANGE_STEPS: usize = 100;

impl Worker<'_> {
    /// Trains copies at a third and at three times the learning rate and says which cause that supports.
    pub(super) fn probe(&mut self) -> Result<(), End> {
        self.collect()?;
        let rate = self.learning_rate();
        let n_steps = (2 * self.steps_per_epoch()).clamp(FEWEST_STEPS, MOST_STEPS);
        let stretch = n_steps.div_ceil(STRETCHES);
        let mut forks = Vec::new();
        for factor in FACTORS {
            let learning_rate = factor * rate;
            self.announce(format!("Trying a learning rate of {} on a copy", number_text(learning_rate)));
            forks.push(self.fork(factor, learning_rate, stretch)?);
        }
        let (verdict, text) = judge(&forks);
        let (epoch, step) = (self.epoch, self.step);
        self.desk.out.tell(Event::Probe(Probe { epoch, step, stretch, forks, verdict, text }));
        self.end_experiment();
        Ok(())
    }

    fn fork(&self, factor: f64, learning_rate: f64, stretch: u64) -> Result<Fork, End> {
        let mut copy = self.trainer.fork();
        let sample = self.compared_rows();
        let mut losses = vec![copy.evaluate(&sample).map_err(End::Trouble)?.loss];
        let mut batches = self.batches_ahead();
        for _ in 0..STRETCHES {
            for _ in 0..stretch {
                let (step, batch) = batches.next().unwrap_or_default();
                self.copy_step(&mut copy, step, &batch, learning_rate)?;
            }
            losses.push(copy.evaluate(&sample).map_err(End::Trouble)?.loss);
        }
        Ok(Fork { factor, learning_rate, losses })
    }

    /// Trains two copies on, one of them without the optimizer's memory, and says what the memory is good for.
    pub(super) fn forget(&mut self) -> Result<(), End> {
        self.collect()?;
        self.announce("Going on without the optimizer\u{2019}s memory, on a copy".to_owned());
        let rate = self.learning_rate();
        let sample = self.compared_rows();
        let go_on = |mut copy: Trainer| -> Result<Vec<f64>, End> {
            let mut losses = vec![copy.evaluate(&sample).map_err(End::Trouble)?.loss];
            for (step, batch) in self.batches_ahead().take(FORGETTING_STEPS) {
                self.copy_step(&mut copy, step, &batch, rate)?;
                losses.push(copy.evaluate(&sample).map_err(End::Trouble)?.loss);
            }
            Ok(losses)
        };
        let with_memory = go_on(self.trainer.fork())?;
        let mut copy = self.trainer.fork();
        copy.forget();
        let without = go_on(copy)?;
        let text = weigh(&with_memory, &without);
        let (epoch, step) = (self.epoch, self.step);
        self.desk.out.tell(Event::Forgotten(Forgotten { epoch, step, with_memory, without, text }));
        self.end_experiment();
        Ok(())
    }

    /// Training rows on which copies are compared.
    fn compared_rows(&self) -> Vec<u32> {
        let train = &self.data.split.train;
        train.iter().copied().step_by(train.len().div_ceil(COMPARED_ROWS).max(1)).collect()
    }

    /// Raises the learning rate of a copy from step to step until its loss explodes.
    pub(super) fn range_test(&mut self) -> Result<(), End> {
        self.collect()?;
        self.announce("Raising the learning rate of a copy from step to step".to_owned());
        let mut copy = self.trainer.fork();
        let mut points: Vec<RangePoint> = Vec::new();
        let growth = (HIGHEST_RATE / LOWEST_RATE).powf(1.0 / (RANGE_STEPS - 1) as f64);
        for (idx, (step, batch)) in self.batches_ahead().take(RANGE_STEPS).enumerate() {
            let learning_rate = LOWEST_RATE * growth.powi(idx as i32);
            let loss = self.copy_step(&mut copy, step, &batch, learning_rate)?;
            if !add_point(&mut points, learning_rate, loss) {
                break;
            }
        }
        let band = band(&points);
        let text = match band {
            Some([low, high]) => format!(
                "The loss falls fastest near {} and is lowest near {}; learning rates between {0} and {} are worth trying.",
                short(low),
                short(3.0 * high),
                short(high)
            ),
            None => {
                "The loss fell at no learning rate: the network may have converged already, or cannot learn from here."
                    .to_owned()
            }
        };
        let (epoch, step) = (self.epoch, self.step);
        self.desk.out.tell(Event::RangeTest(RangeTest { epoch, step, points, band, text }));
        self.end_experiment();
        Ok(())
    }

    /// Trains on after the end and tells every epoch; another call goes on from there.
    pub(super) fn go_on(&mut self, epochs: u64) -> Result<(), End> {
        let steps_per_epoch = self.steps_per_epoch() as usize;
        let mut copy = self.trainer.fork();
        for _ in 0..epochs {
            let batches: Vec<_> = self.batches_ahead().take(steps_per_epoch).collect();
            let mut sum = 0.0;
            for (step, batch) in batches {
                let rate = self.learning_rate();
                sum += self.copy_step(&mut copy, step, &batch, rate)? * batch.len() as f64;
                self.step = step;
            }
            self.epoch += 1;
            let validation_loss = copy.evaluate(&self.data.split.validation).map_err(End::Trouble)?.loss;
            let train = &self.data.split.train;
            // As the run measured it, so that its curve goes on.
            let train_loss = if self.measures_during() {
                sum / train.len() as f64
            } else {
                copy.evaluate(train).map_err(End::Trouble)?.loss
            };
            let row = AfterRow { epoch: self.epoch, train_loss, validation_loss };
            self.desk.out.show(Event::After(row));
            self.desk.out.flush();
            if self.desk.out.is_deserted() || !row.validation_loss.is_finite() {
                break;
            }
        }
        self.trainer = copy;
        Ok(())
    }

    /// The steps to come with their rows, whatever becomes of the training itself.
    fn batches_ahead(&self) -> impl Iterator<Item = (u64, Vec<u32>)> + use<> {
        let (train, training, size) = (self.data.split.train.clone(), self.project.training.clone(), self.batch_size());
        let (epoch, step) = (self.epoch, self.step);
        let batches = (epoch + 1..).flat_map(move |epoch| {
            let order = epoch_order(&train, training.seed, epoch, training.shuffle);
            order.chunks(size).map(<[u32]>::to_vec).collect::<Vec<_>>()
        });
        (step + 1..).zip(batches)
    }

    fn copy_step(&self, copy: &mut Trainer, step: u64, rows: &[u32], learning_rate: f64) -> Result<f64, End> {
        let order = StepOrder {
            step,
            epoch: self.epoch + 1,
            learning_rate,
            measure_norm: false,
            measure_layers: false,
            clip_norm: self.project.clip_norm,
        };
        let batch = copy.gather(rows);
        copy.step(batch, order);
        let done = copy.collect().map_err(End::Trouble)?;
        Ok(done.first().map_or(f64::NAN, |it| it.row.train_loss))
    }

    /// The learning rate of the step to come.
    fn learning_rate(&self) -> f64 {
        let epochs = self.project.training.epochs;
        let share = self.project.schedule.share(self.step + 1, self.epoch + 1, epochs, self.plateau.drops);
        self.project.learning_rate * share
    }

    fn end_experiment(&mut self) {
        if self.paused {
            self.desk.out.show(Event::Paused { step: self.step });
        }
        self.desk.out.flush();
    }

    fn announce(&mut self, text: String) {
        self.desk.out.show(Event::Preparing(Preparing { text }));
        self.desk.out.flush();
    }
}

/// Two digits: a range test knows no more.
fn short(rate: f64) -> String {
    number_text(format!("{rate:.1e}").parse().unwrap_or(rate))
}
