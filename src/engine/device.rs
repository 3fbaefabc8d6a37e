//! Hardware targets: what is there, and opening one.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use burn::tensor::wgpu::{WgpuBackend, WgpuInitError};
use burn::tensor::{Device, DeviceKind};
use serde::{Deserialize, Serialize};

use super::error::TrainError;
use crate::spec::DeviceSpec;

/// A hardware target of this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceInfo {
    /// How `--device` names it: `cpu` or `gpu:N`.
    pub id: String,
    pub name: String,
    /// `processor`, `discrete`, `integrated`, `virtual`, `software` or `other`.
    pub kind: String,
    /// `flex`, `vulkan`, `metal` or `dx12`.
    pub api: String,
    pub driver: String,
    /// Whether it only imitates a graphics card on the processor. Neither `gpu` nor `auto` picks such a one.
    pub software: bool,
    /// Why it cannot be used; none where a small sum on it came out right.
    pub problem: Option<String>,
}

/// An adapter and how Burn addresses it.
struct Adapter {
    info: DeviceInfo,
    kind: DeviceKind,
    backend: WgpuBackend,
}

/// A device opened for training.
#[derive(Clone)]
pub struct OpenDevice {
    pub(super) device: Device,
    /// As `--device` names it: `cpu` or `gpu:N`.
    pub id: String,
    pub name: String,
    pub is_cpu: bool,
}

/// Devices that were opened before: Burn registers each only once a process.
static OPENED: Mutex<Option<HashMap<String, Device>>> = Mutex::new(None);

impl OpenDevice {
    /// The processor; always there.
    pub fn cpu() -> Self {
        Self { device: Device::flex(), id: "cpu".to_owned(), name: cpu_name(), is_cpu: true }
    }
}

/// Every hardware target without trying it, the processor first.
pub fn list() -> Vec<DeviceInfo> {
    std::iter::once(cpu_info()).chain(adapters().into_iter().map(|it| it.info)).collect()
}

/// Every hardware target, each tried with a small sum. Takes seconds where there are graphics adapters.
pub fn list_tried() -> Vec<DeviceInfo> {
    let mut devices = list();
    for info in &mut devices {
        info.problem = try_out(info).err().map(|err| err.to_string());
    }
    devices
}

/// Opens the device a project asks for. `Auto` opens the processor: what is faster is found while training.
///
/// # Errors
/// When there is no such adapter, or it cannot be opened. The message offers the CPU.
pub fn open(spec: DeviceSpec) -> Result<OpenDevice, TrainError> {
    match spec {
        DeviceSpec::Auto | DeviceSpec::Cpu => Ok(OpenDevice::cpu()),
        DeviceSpec::Gpu => {
            let real = adapters().into_iter().find(|it| !it.info.software);
            let real = real.ok_or_else(|| {
                missing("gpu", "this machine has no graphics adapter that Vulkan, Metal or DirectX 12 can use")
            })?;
            open_adapter(&real)
        }
        DeviceSpec::GpuAt(n) => {
            let adapters = adapters();
            let found = adapters.get(n).ok_or_else(|| {
                missing(
                    &format!("gpu:{n}"),
                    &format!("`learnscope devices` lists {} graphics adapters, counted from 0", adapters.len()),
                )
            })?;
            open_adapter(found)
        }
    }
}

/// Whether the machine has the device, without opening it.
///
/// # Errors
/// As [`open`].
pub fn check(spec: DeviceSpec) -> Result<(), TrainError> {
    match spec {
        DeviceSpec::Auto | DeviceSpec::Cpu => Ok(()),
        DeviceSpec::Gpu if adapters().iter().any(|it| !it.info.software) => Ok(()),
        DeviceSpec::Gpu => {
            Err(missing("gpu", "this machine has no graphics adapter that Vulkan, Metal or DirectX 12 can use"))
        }
        DeviceSpec::GpuAt(n) => {
            let n_adapters = adapters().len();
            if n < n_adapters {
                Ok(())
            } else {
                Err(missing(
                    &format!("gpu:{n}"),
                    &format!("`learnscope devices` lists {n_adapters} graphics adapters, counted from 0"),
                ))
            }
        }
    }
}

fn missing(id: &str, why: &str) -> TrainError {
    TrainError::Device(format!("there is no device {id}: {why}; use --device cpu"))
}

fn open_adapter(adapter: &Adapter) -> Result<OpenDevice, TrainError> {
    let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
    let opened = opened.get_or_insert_default();
    let id = adapter.info.id.clone();
    let device = if let Some(device) = opened.get(&id) {
        device.clone()
    } else {
        let options = Device::wgpu_options().device_kind(adapter.kind.clone()).graphics_api(adapter.backend);
        // The driver may panic on its own thread; that must end in a line, too.
        let device = catch_unwind(AssertUnwindSafe(|| options.init()))
            .map_err(|_| init_failed(&adapter.info, "its driver panicked"))?;
        let device = device.map_err(|err: WgpuInitError| init_failed(&adapter.info, &err.to_string()))?;
        opened.insert(id.clone(), device.clone());
        device
    };
    Ok(OpenDevice { device, id, name: adapter.info.name.clone(), is_cpu: false })
}

fn init_failed(info: &DeviceInfo, why: &str) -> TrainError {
    let first = why.lines().next().unwrap_or_default();
    TrainError::Device(format!("{} ({}) cannot be opened: {first}; use --device cpu", info.id, info.name))
}

/// Every graphics adapter in the order `gpu:N` counts, software ones included.
fn adapters() -> Vec<Adapter> {
    // The loader prints warnings and may panic where drivers are broken; no adapters is the honest answer.
    catch_unwind(enumerate).unwrap_or_default()
}

fn enumerate() -> Vec<Adapter> {
    let backends = wgpu::Backends::VULKAN | wgpu::Backends::METAL | wgpu::Backends::DX12;
    let descriptor = wgpu::InstanceDescriptor { backends, ..wgpu::InstanceDescriptor::new_without_display_handle() };
    let instance = wgpu::Instance::new(descriptor);
    let found = ready_now(instance.enumerate_adapters(backends));
    let mut counts: HashMap<(String, &'static str), usize> = HashMap::new();
    let mut adapters: Vec<Adapter> = Vec::new();
    for adapter in found {
        let info = adapter.get_info();
        let Some((backend, api)) = api_of(info.backend) else { continue };
        // Windows shows one card through two APIs; the first one found is kept.
        if adapters.iter().any(|it| it.info.name == info.name && it.info.api != api) {
            continue;
        }
        let (kind_name, software) = kind_of(info.device_type);
        let nth = counts.entry((api.to_owned(), kind_name)).or_default();
        let kind = device_kind(info.device_type, *nth);
        *nth += 1;
        let Some(kind) = kind else { continue };
        let driver = format!("{} {}", info.driver, info.driver_info).trim().to_owned();
        let info = DeviceInfo {
            id: format!("gpu:{}", adapters.len()),
            name: info.name,
            kind: kind_name.to_owned(),
            api: api.to_owned(),
            driver,
            software,
            problem: None,
        };
        adapters.push(Adapter { info, kind, backend });
    }
    adapters
}

fn api_of(backend: wgpu::Backend) -> Option<(WgpuBackend, &'static str)> {
    match backend {
        wgpu::Backend::Vulkan => Some((WgpuBackend::Vulkan, "vulkan")),
        wgpu::Backend::Metal => Some((WgpuBackend::Metal, "metal")),
        wgpu::Backend::Dx12 => Some((WgpuBackend::Dx12, "dx12")),
        wgpu::Backend::Gl | wgpu::Backend::BrowserWebGpu | wgpu::Backend::Noop => None,
    }
}

fn kind_of(kind: wgpu::DeviceType) -> (&'static str, bool) {
    match kind {
        wgpu::DeviceType::DiscreteGpu => ("discrete", false),
        wgpu::DeviceType::IntegratedGpu => ("integrated", false),
        wgpu::DeviceType::VirtualGpu => ("virtual", false),
        wgpu::DeviceType::Cpu => ("software", true),
        wgpu::DeviceType::Other => ("other", false),
    }
}

/// Burn counts adapters of each kind on their own, and knows one software adapter only.
fn device_kind(kind: wgpu::DeviceType, nth: usize) -> Option<DeviceKind> {
    match kind {
        wgpu::DeviceType::DiscreteGpu => Some(DeviceKind::DiscreteGpu(nth)),
        wgpu::DeviceType::IntegratedGpu => Some(DeviceKind::IntegratedGpu(nth)),
        wgpu::DeviceType::VirtualGpu => Some(DeviceKind::VirtualGpu(nth)),
        wgpu::DeviceType::Cpu => (nth == 0).then_some(DeviceKind::Cpu),
        wgpu::DeviceType::Other => None,
    }
}

/// One small product and sum whose result is known.
fn try_out(info: &DeviceInfo) -> Result<(), TrainError> {
    let mut spec = DeviceSpec::Cpu;
    crate::spec::TextValue::read(&mut spec, &info.id).map_err(TrainError::Device)?;
    let open = open(spec)?;
    let sum = catch_unwind(AssertUnwindSafe(|| {
        let ones = burn::tensor::Tensor::<2>::ones([16, 16], &open.device);
        ones.clone().matmul(ones).sum().try_into_scalar::<f32>()
    }));
    match sum {
        Ok(Ok(sum)) if (sum - 4096.0).abs() < 1e-3 => Ok(()),
        Ok(Ok(sum)) => Err(TrainError::Device(format!("it computes wrongly: 4096 came out as {sum}"))),
        Ok(Err(err)) => Err(err.into()),
        Err(_) => Err(TrainError::Device("its driver panicked".to_owned())),
    }
}

fn cpu_info() -> DeviceInfo {
    DeviceInfo {
        id: "cpu".to_owned(),
        name: cpu_name(),
        kind: "processor".to_owned(),
        api: "flex".to_owned(),
        driver: String::new(),
        software: false,
        problem: None,
    }
}

fn cpu_name() -> String {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let cores = if cores == 1 { "1 core".to_owned() } else { format!("{cores} cores") };
    format!("CPU, {cores}")
}

/// wgpu answers at once on native platforms; its futures only exist for the web.
fn ready_now<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    loop {
        if let std::task::Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
        std::hint::spin_loop();
    }
}
