//! What this machine can train on.

use std::path::PathBuf;
use std::sync::Arc;

use super::{HardwareAction, Projects, Wake};
use crate::project;
use crate::session::{Background, DeviceInfo, Inquiry, hardware, verify_device};
use crate::spec::{DeviceSpec, Source, TextValue as _};

/// What this machine can train on.
pub struct Hardware {
    /// The processor first. None while it is looked for.
    pub devices: Option<Vec<DeviceInfo>>,
    /// The newest of each device.
    pub verifications: Vec<Verification>,
    program: Option<PathBuf>,
    inquiry: Option<Inquiry>,
    running: Vec<(DeviceSpec, Background<String>)>,
    wake: Wake,
}

/// One step on a device compared with the processor's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    pub device: DeviceSpec,
    /// What came of it, in a sentence. None while it goes on.
    pub outcome: Option<Result<String, String>>,
}

impl Hardware {
    pub(super) fn new(wake: Wake) -> Self {
        Self { devices: None, verifications: Vec::new(), program: None, inquiry: None, running: Vec::new(), wake }
    }

    pub(super) fn ask_through(&mut self, program: PathBuf) {
        self.program = Some(program);
        self.probe();
    }

    pub(super) fn act(&mut self, action: &HardwareAction, projects: &Projects) {
        match action {
            HardwareAction::Probe => self.probe(),
            HardwareAction::Verify(device) => self.verify(*device, projects),
        }
    }

    pub(super) fn poll(&mut self) {
        if let Some(outcome) = self.inquiry.as_ref().and_then(Background::take) {
            self.inquiry = None;
            // Where the question failed the processor is still there.
            self.devices = Some(outcome.as_ref().clone().unwrap_or_default());
        }
        let verifications = &mut self.verifications;
        self.running.retain(|(device, work)| {
            let Some(outcome) = work.take() else { return true };
            if let Some(it) = verifications.iter_mut().find(|it| it.device == *device) {
                it.outcome = Some(outcome.as_ref().clone());
            }
            false
        });
    }

    /// Why a device cannot be trained on; none where it can, or while it is not known.
    pub(super) fn missing(&self, device: DeviceSpec) -> Option<String> {
        let devices = self.devices.as_ref()?;
        match device {
            DeviceSpec::Auto | DeviceSpec::Cpu => None,
            DeviceSpec::Gpu => {
                let any = devices.iter().any(|it| it.kind != "processor" && !it.software);
                (!any).then(|| "This machine has no graphics adapter to train on; choose the CPU".to_owned())
            }
            DeviceSpec::GpuAt(_) => {
                let found = devices.iter().find(|it| it.id == device.text());
                match found.map(|it| &it.problem) {
                    None => Some(format!("There is no device {}; choose the CPU", device.text())),
                    Some(Some(problem)) => Some(format!("{} does not work: {problem}; choose the CPU", device.text())),
                    Some(None) => None,
                }
            }
        }
    }

    fn probe(&mut self) {
        self.devices = None;
        self.inquiry = Some(hardware(self.program.clone(), Arc::clone(&self.wake)));
    }

    fn verify(&mut self, device: DeviceSpec, projects: &Projects) {
        self.verifications.retain(|it| it.device != device);
        let Some(program) = self.program.clone() else {
            let outcome = Some(Err("devices can only be verified from the program itself".to_owned()));
            self.verifications.push(Verification { device, outcome });
            return;
        };
        let mut draft = projects.draft.clone();
        if let Source::File(path) = &mut draft.data.source {
            *path = projects.base().join(&*path).display().to_string();
        }
        let work = verify_device(program, device, project::to_text(&draft), Arc::clone(&self.wake));
        self.running.push((device, work));
        self.verifications.push(Verification { device, outcome: None });
    }
}
