//! `learnscope devices`: hardware targets, each tried.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::BadInput;
use super::train::open_with;
use crate::session::{DeviceInfo, cpu_threads, try_devices, verify_on};
use crate::spec::Project;

/// Lists hardware targets and tries each with a small sum.
#[derive(Debug, Args)]
pub struct Devices {
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// Make one training step on this device and on the CPU, and compare.
    #[arg(long, value_name = "DEVICE")]
    pub verify: Option<String>,
    /// Project whose first step is compared; otherwise two spirals.
    #[arg(long, value_name = "PROJECT", requires = "verify")]
    pub project: Option<PathBuf>,
}

impl Devices {
    pub(super) fn run(self) -> Result<ExitCode, BadInput> {
        if let Some(device) = &self.verify {
            let mut project = match &self.project {
                Some(path) => open_with(path, &[], None)?,
                None => Project::default(),
            };
            project.set_value("device", device).map_err(|err| BadInput(err.to_string()))?;
            let base = self.project.as_deref().and_then(|it| it.parent()).map(PathBuf::from).unwrap_or_default();
            println!("{}", verify_on(&project, &base)?.text());
            return Ok(ExitCode::SUCCESS);
        }
        let devices = try_devices();
        if self.json {
            println!("{}", serde_json::to_string(&devices).map_err(|err| BadInput(err.to_string()))?);
        } else {
            devices.iter().for_each(print);
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn print(device: &DeviceInfo) {
    let software = if device.software { ", imitates a card on the CPU and is never picked by itself" } else { "" };
    let works = device.problem.as_ref().map_or_else(|| "works".to_owned(), |why| format!("does not work: {why}"));
    let threads = if device.id == "cpu" { format!(", {} threads", cpu_threads()) } else { String::new() };
    println!("{:6}  {} ({}, {}{threads}{software}): {works}", device.id, device.name, device.kind, device.api);
}
