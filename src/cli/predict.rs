//! `learnscope predict`: a trained model on new rows.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::inspect::load;
use super::{BadInput, spare};
use crate::project::write_whole;
use crate::session::{Model, Prediction};

/// Runs a trained model on new rows.
#[derive(Debug, Args)]
pub struct Predict {
    /// Run folder of the model.
    pub run: PathBuf,
    /// Data file with the columns that the model was trained on.
    pub data: PathBuf,
    /// Table to write: the row's number, the prediction and, for classes, each probability.
    #[arg(long, value_name = "FILE.csv")]
    pub out: PathBuf,
}

impl Predict {
    pub(super) fn run(self) -> Result<ExitCode, BadInput> {
        spare(&self.out, &self.data)?;
        let model = Model::open(&self.run)?;
        let dataset = load(&self.data)?;
        let prediction = model.predict(&dataset)?;
        let table = table(&prediction)
            .map_err(|err| BadInput(format!("the predictions cannot be written: {err} ({})", self.out.display())))?;
        write_whole(&self.out, &table)
            .map_err(|err| BadInput(format!("the predictions cannot be written: {err} ({})", self.out.display())))?;
        println!("Wrote {} predictions of {} to {}", prediction.n_rows(), prediction.target, self.out.display());
        for (name, value) in &prediction.metrics {
            println!("  {name} {value:.4}");
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn table(prediction: &Prediction) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut header = vec!["row".to_owned(), prediction.target.clone()];
    header.extend(prediction.classes.iter().map(|class| format!("probability_{class}")));
    writer.write_record(&header)?;
    for row in 0..prediction.n_rows() {
        let mut record = vec![(row + 1).to_string(), prediction.text(row)];
        record.extend(prediction.probabilities(row).iter().map(|it| format!("{it:.6}")));
        writer.write_record(&record)?;
    }
    writer.into_inner().map_err(|err| csv::Error::from(err.into_error()))
}
