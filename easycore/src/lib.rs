//! A stream of items, some CPU cores and GPUs, and an expensive warm state for each of them: six typed functions become a
//! parallel runner.
//!
//! ```
//! use easycore::{Device, parallel_runner};
//!
//! # struct Model;
//! # impl Model {
//! #     fn load(_device: &Device) -> std::io::Result<Model> { Ok(Model) }
//! #     fn label(&mut self, image: Vec<u8>) -> usize { image.len() }
//! # }
//! /// Labels images, one model for each device.
//! #[parallel_runner(ordered)]
//! impl Labeller {
//!     fn producer_init(device: &Device) -> std::io::Result<Model> {
//!         Model::load(device)
//!     }
//!     fn producer_work(model: &mut Model, image: Vec<u8>) -> usize {
//!         model.label(image)
//!     }
//! }
//!
//! # let images = vec![vec![0; 3], vec![0; 5]];
//! let mut labeller = Labeller::new(["cpu", "cpu"]);
//! let labels: Vec<usize> = labeller.run(images)?; // models are loaded once and serve every later run
//! # assert_eq!(labels, [3, 5]);
//! labeller.close()?;
//! # Ok::<(), easycore::Error>(())
//! ```
//!
//! # Where to look
//!
//! | for | see |
//! | --- | --- |
//! | the hooks, and the options of the macro | [`parallel_runner`](macro@parallel_runner) |
//! | what a runner can do | [`Runner`]: `run`, `try_run`, `run_into`, `stream`, `start`, `close` |
//! | hooks without the macro | [`Hooks`] |
//! | naming devices | [`IntoDevices`], [`Devices`], [`Device`] |
//! | who a worker is | [`Worker`], [`FromWorker`] |
//! | windows, chunks, pinning, skipping bad items, seeds, time limits, lost devices | [`Options`], [`Chunk`], [`Pinning`], [`OnError`] |
//! | items that failed, in a report or at once | [`FailedItem`], [`Options::on_failure`] |
//! | what went wrong, and where | [`Error`], [`ErrorKind`], [`Panic`] |
//! | ending a run from outside | [`Canceller`] |
//! | what a run did | [`Report`] |
//!
//! # Features
//!
//! Both are off by default, and neither is needed: a hook that takes [`&Device`](Device) may make of it whatever it likes.
//!
//! ## On libtorch
//!
//! With the feature `tch` a hook takes `tch::Device` or `&tch::Device`, and devices may be given as such. A device that
//! libtorch does not have is an error of `start` or `run` that says what there is. `Devices::cudas()` lists all GPUs.
//!
//! ```
//! # #[cfg(feature = "tch")] {
//! use easycore::parallel_runner;
//! use tch::{Device, Kind, TchError, Tensor};
//!
//! #[parallel_runner]
//! impl Rows {
//!     fn producer_init(device: Device) -> Result<Tensor, TchError> {
//!         Tensor::f_ones([3, 1], (Kind::Float, device))
//!     }
//!     fn producer_work(weight: &mut Tensor, row: [f32; 3]) -> Result<f64, TchError> {
//!         Tensor::from_slice(&row).f_to(weight.device())?.f_matmul(weight)?.try_into()
//!     }
//! }
//!
//! assert_eq!(Rows::new(2).run([[1.0, 2.0, 3.0]])?, [6.0]);
//! # }
//! # Ok::<(), easycore::Error>(())
//! ```
//!
//! Taking such a device makes the worker's thread ready for libtorch, before the hook runs and for as long as there is its state:
//!
//! * **Gradients are off**, as under `torch.no_grad()`, in all hooks that run on a worker; `tch::with_grad` turns them on for a
//!   closure. On the caller's thread, where the others run, they are as the caller has them.
//! * **Operations are divided among at most `cores / workers` threads**, and at least one: every worker has threads of its own for
//!   that, and those of a runner's workers together shall not be more than there are cores. Runners that work at the same time, as
//!   the stages of a pipeline do, do not know of each other. `OMP_NUM_THREADS`, or a `tch::set_num_threads` before the workers
//!   start, counts where it is lower. In `producer_init`, `tch::set_num_threads` sets it for this worker, and for every thread that
//!   uses libtorch for the first time after it, the workers of a later runner among them.
//!
//! A hook that takes [`&Worker`](Worker) gets the same from `<tch::Device as FromWorker>::from_worker(worker)?`.
//!
//! On a processor, batches spend much of their time on memory that glibc returns to the system after each layer, and asks for anew.
//! Keeping it, by `MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=17179869184 MALLOC_TOP_PAD_=67108864` in the environment, made batches
//! of a small network two to three times as fast (`benches/README.md` in the repository).
//!
//! All workers of one GPU queue on its default stream, as `tch` cannot make others: several of them overlap their work on the
//! processor with that on the GPU, not two of the latter. A GPU's memory that a worker has given back stays reserved for
//! this process by libtorch, and serves its next worker.
//!
//! A fast GPU waits for a loop that puts batches together, copies them and computes, one after the other. Two workers per GPU
//! that put theirs together in memory from `pin_memory`, and copy it by `to_device_(device, kind, true, false)`, did 1.3 to 2.5 times
//! as much on an H200 (`benches/README.md`, too). That does not wait for the copy: bring the results back before that memory is
//! written to again. One worker alone did 5 to 20 % more there with half of the cores for an operation than with all.
//!
//! The methods of `tch` panic where those called `f_…` return an error; both fail one item, but only after a panic the worker's
//! state is made anew. Of `tch` 0.24, those panic as well that take a number, as `f_mul_scalar` does: a tensor of one element in its
//! place (`f_mul`) does not. A `Tensor` can be sent to another thread and a `&Tensor` cannot: feed owned ones, such as those of
//! `f_unbind` and `f_split`. So one `CModule` may be the `config` that all workers share, and a model of tensors may not: make one in
//! `producer_init`. A `Tensor` is not `Clone`, which `retries` ask of items: wrap it in a struct whose `clone` is
//! `shallow_clone`.
//!
//! ### In a crate of your own
//!
//! ```toml
//! [dependencies]
//! easycore = { version = "0.1", features = ["tch"] }
//! tch = "=0.24.0"       # goes with libtorch 2.11
//! torch-sys = "=0.24.0" # tells build.rs where libtorch is
//! ```
//!
//! libtorch is looked for where the environment variable `LIBTORCH` says, a folder with `include` and `lib`, or in the torch 2.11
//! of the `python3` in the path if `LIBTORCH_USE_PYTORCH=1`. The repository's `scripts/libtorch` makes one for processors.
//!
//! On Linux a program does not find the library where it was linked to it, and the linker drops what is for CUDA, because nothing
//! refers to it by name. A `build.rs` tells both where there is a program, a test or an example:
//!
//! ```no_run
//! // `main` in build.rs:
//! if let Ok(libraries) = std::env::var("DEP_TCH_LIBTORCH_LIB") {
//!     println!("cargo::rustc-link-arg=-Wl,-rpath,{libraries}");
//! }
//! println!("cargo::rustc-link-arg=-Wl,--no-as-needed");
//! println!("cargo::rustc-link-arg=-ltorch");
//! ```
//!
//! Elsewhere, or for a program that is moved, `LD_LIBRARY_PATH` names the folder `lib`.
//!
//! ## On candle
//!
//! With the feature `candle` a hook takes `candle_core::Device` or a reference to it, made once for each worker, and devices may
//! be given as such. CUDA and Metal come with candle's own features. candle divides its operations among
//! as many threads as `RAYON_NUM_THREADS` says; where every core has a worker, set it to 1.
//!
//! # How it runs
//!
//! Each distinct device has a pool of its own, each worker a thread of its own. Workers pull from the input themselves; the
//! consumer hooks run on the thread that called [`run`](Runner::run), so that the consumer's state needs neither `Send` nor
//! `'static`. A producer state is made, used and ended on one thread and needs no `Send` either. Items and outputs may
//! borrow from the caller.
//!
//! * **Order.** An ordered run behaves like `for item in data { consume(work(item)?)? }`: when item `k` fails, everything
//!   before it has been consumed and nothing after it.
//! * **Memory** is bounded by a window of items that are pulled and not yet consumed, however long the input and however slow
//!   the consumer or a single worker. See [`Options::window`].
//! * **Latency.** A source that turns slow holds a pulled item back by at most the one `next()` in progress. Outputs that
//!   come within a millisecond of each other may be consumed together; with [`Chunk::Exactly`] each is consumed at once.
//! * **Failure.** Nothing hangs and nothing is lost: an error or a panic in a producer hook or in the input comes back as an
//!   [`Error`]; a panic in a consumer hook unwinds through `run` once the workers have come to rest. The next run works.
//!   A state that saw a panic is ended and made anew before its worker's next item.
//!   Panics are caught by unwinding: in a program built with `panic = "abort"` one ends the process, as anywhere.
//! * **Shutdown.** `producer_end` runs exactly once for every successful `producer_init`, on the same thread, and has been
//!   waited for when [`close`](Runner::close) or the runner's drop returns.
//!
//! # What it costs
//!
//! A chunk is taken, delivered and given back under a short lock each, about every 100 µs of work; an item by itself costs a
//! push and a pop. On a machine with as many workers as cores the consumer shares a core with a worker, so the window holds
//! about 10 ms of work for each worker. Code that is running cannot be interrupted: a hook that never returns keeps its run
//! from returning. [`Options::stall_warning`] tells which one, and [`Options::init_timeout`] and [`Options::close_timeout`] bound
//! what waits outside of a run.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(any(feature = "tch", feature = "candle"))]
mod backends;
mod batch;
mod consume;
mod control;
mod device;
mod devices;
mod drive;
mod error;
mod failed;
mod fed;
mod feed;
mod gate;
mod handover;
mod hooks;
mod inbox;
mod iterated;
mod ledger;
mod loan;
mod merging;
mod options;
mod pace;
mod panic;
mod pass;
mod placement;
mod pool;
mod process;
mod produce;
mod reorder;
mod report;
mod restarts;
mod retry;
mod roll;
mod roster;
mod runner;
mod seed;
mod session;
mod shift;
mod sink;
mod source;
mod split;
mod state;
mod step;
mod stream;
mod sync;
mod worker;

#[doc(hidden)]
#[path = "private/mod.rs"]
pub mod __private;

pub use batch::Batch;
pub use control::Canceller;
pub use device::Device;
pub use devices::{Devices, IntoDevices};
pub use error::{Error, ErrorKind};
pub use failed::FailedItem;
pub use hooks::{HookError, Hooks, MergeHooks, Order};
pub use merging::Merging;
pub use options::{Chunk, OnError, Options, Pinning};
pub use panic::Panic;
pub use report::{LostDevice, Report, WorkerReport};
pub use runner::Runner;
pub use stream::Stream;
pub use worker::{FromWorker, Worker};

#[doc = include_str!("parallel_runner.md")]
pub use easycore_macros::parallel_runner;
