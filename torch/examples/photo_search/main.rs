//! Finds photographs by parts of them: `cargo run --release -p easycore-torch --features tch --example photo_search`, with
//! `--devices cuda:0,cuda:1 --half` where there are GPUs.
//!
//! A ResNet-18 turns each photograph, and each of thousands of crops of them, into 512 numbers; the photograph whose numbers
//! point the way of a crop's is the one that is found. With weights that are random, as they are without `--weights`, that is right
//! for far more crops than chance would have it, though it goes by colours and textures and knows no cats.
//!
//! Two runners, the second fed by the outputs of the first: decoding and resizing stay on the CPU, wherever the network is. An item is a
//! whole batch of views, cut to size when the program is told it; the attribute's `batch = N` is for sizes that are known when it is built.
//!
//! What is cut from where depends on `--seed` alone. So does what is found, whatever the workers and the batches, as far as
//! libtorch computes alike: with other batches or threads it may add in another order, and similarities differ in their last digits.

use std::error::Error;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use easycore::{Devices, FromWorker, HookError, IntoDevices, Options, Worker, parallel_runner};
use easycore_torch::exit_code;
use easycore_torch::photos::{Photo, PhotoError, list, shipped_photos};
use easycore_torch::resnet::{Network, NetworkError, Weights};
use easycore_torch::search::{Match, nearest};
use easycore_torch::views::{View, batches};
use tch::{TchError, Tensor};

/// What the decoders make of a view.
struct Pictures {
    photos: Vec<PathBuf>,
    size: u32,
}

/// A decoder's worker, and the photograph that it has in hand.
struct Desk {
    worker: Worker,
    photo: Option<(usize, Photo)>,
}

#[parallel_runner(ordered, config = Pictures)]
impl Decoder {
    fn producer_init(worker: &Worker) -> Result<Desk, HookError> {
        // libtorch resizes, and shall use this worker's share of the cores for it.
        tch::Device::from_worker(worker)?;
        Ok(Desk { worker: worker.clone(), photo: None })
    }
    fn producer_work(pictures: &Pictures, desk: &mut Desk, views: Vec<View>) -> Result<Tensor, PhotoError> {
        let views = views.into_iter().map(|view| desk.picture(pictures, view));
        Ok(Tensor::f_stack(&views.collect::<Result<Vec<_>, _>>()?, 0)?)
    }
}

impl Desk {
    fn picture(&mut self, pictures: &Pictures, view: View) -> Result<Tensor, PhotoError> {
        let index = view.photo();
        let photo = match self.photo.take() {
            Some((in_hand, photo)) if in_hand == index => photo,
            _ => Photo::decode(&pictures.photos[index])?,
        };
        let picture = match view {
            View::Whole { .. } => photo.whole(pictures.size),
            View::Part { number, .. } => photo.part(pictures.size, self.worker.item_seed(number)),
        };
        self.photo = Some((index, photo));
        Ok(picture?)
    }
}

/// What network the embedder uses.
struct Model {
    weights: Weights,
    half: bool,
}

#[parallel_runner(ordered, config = Model)]
impl Embedder {
    fn producer_init(device: tch::Device, model: &Model) -> Result<Network, NetworkError> {
        Network::new(&model.weights, device, model.half)
    }
    fn producer_work(network: &mut Network, pictures: Tensor) -> Result<Tensor, TchError> {
        network.embed(&pictures)
    }
}

/// Finds photographs by parts of them, with a ResNet-18.
#[derive(Debug, Parser)]
#[command(args_override_self = true)]
struct Cli {
    /// Where to embed, such as `cuda:0,cuda:1`
    #[arg(long, value_name = "LIST", default_value = "cpu")]
    devices: String,
    /// Embedding workers for each mention of a device, each with a network of its own
    #[arg(long, value_name = "N", default_value = "1")]
    workers_per_device: NonZero<usize>,
    /// CPU workers that decode and resize [default: one per core]
    #[arg(long, value_name = "N")]
    decoders: Option<NonZero<usize>>,
    /// Views embedded at a time
    #[arg(long, value_name = "N", default_value = "16")]
    batch: NonZero<usize>,
    /// Compute in half precision: float16, or bfloat16 on the CPU
    #[arg(long)]
    half: bool,
    /// Parts to cut of each photograph
    #[arg(long, value_name = "N", default_value = "100")]
    views: NonZero<usize>,
    /// Width and height of what the network is shown
    #[arg(long, value_name = "PIXELS", default_value_t = 224, value_parser = clap::value_parser!(u32).range(1..=4096))]
    size: u32,
    /// What decides the parts, and the weights where there is no file of them
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Weights named as in torchvision's resnet18: .safetensors, .pth or .pt (a pickled dictionary), or .ot (of tch)
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// A folder of JPEG and PNG files, told by .jpg, .jpeg or .png
    #[arg(long, value_name = "DIR", default_value_os_t = shipped_photos())]
    photos: PathBuf,
    /// Write what was found for each part to a CSV file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write the embeddings of the parts to an .npy file, a row of 512 for each
    #[arg(long, value_name = "FILE.npy")]
    embeddings: Option<PathBuf>,
    /// Tell what each worker did
    #[arg(long)]
    report: bool,
}

fn main() -> ExitCode {
    exit_code(run(&Cli::parse()))
}

fn run(cli: &Cli) -> Result<(), Box<dyn Error>> {
    let photos = list(&cli.photos)?;
    let names: Vec<String> = photos.iter().map(|photo| name(photo)).collect();
    let parts = || View::parts(names.len(), cli.views.get());
    let (mut decoder, mut embedder) = stages(cli, photos)?;

    // The second run finds the networks made and warm.
    let references = embed(cli, &mut decoder, &mut embedder, View::wholes(names.len()))?;
    let embeddings = embed(cli, &mut decoder, &mut embedder, parts())?;
    let found: Vec<(View, Match)> = parts().zip(nearest(&references, &embeddings)?).collect();

    if let Some(out) = &cli.out {
        write_matches(out, &names, &found).map_err(|error| cannot_write(out, &error))?;
    }
    if let Some(out) = &cli.embeddings {
        embeddings.write_npy(out).map_err(|error| cannot_write(out, &error))?;
    }
    let mut stdout = io::stdout().lock();
    let right = found.iter().filter(|(view, found)| view.photo() == found.reference).count();
    writeln!(stdout, "{right} of {} parts found their photograph, of {}", found.len(), names.len())?;
    if let (Some(embedded), Some(decoded)) = (embedder.report(), decoder.report()) {
        writeln!(stdout, "{:.1} views/s", per_second(found.len(), embedded.elapsed()))?;
        if cli.report {
            writeln!(stdout, "embedding, a batch an item: {embedded}\ndecoding: {decoded}")?;
        }
    }
    embedder.close()?;
    Ok(decoder.close()?)
}

fn stages(cli: &Cli, photos: Vec<PathBuf>) -> Result<(Decoder, Embedder), easycore::Error> {
    let devices = cli.devices.as_str().into_devices()?;
    let decoders = cli.decoders.map_or_else(|| Devices::cpus().as_slice().len(), NonZero::get);
    let decoder = Decoder::new(decoders, Pictures { photos, size: cli.size });
    let weights = cli.weights.clone().map_or(Weights::Seed(cli.seed), Weights::File);
    let embedder = Embedder::new(devices, Model { weights, half: cli.half });
    Ok((
        decoder.options(Options::new().seed(cli.seed)),
        embedder.options(Options::new().workers_per_device(cli.workers_per_device.get())),
    ))
}

/// A row for each view.
fn embed(
    cli: &Cli,
    decoder: &mut Decoder,
    embedder: &mut Embedder,
    views: impl Iterator<Item = View> + Send + 'static,
) -> Result<Tensor, Box<dyn Error>> {
    let pictures = decoder.stream(batches(views, cli.batch.get()));
    Ok(Tensor::f_cat(&embedder.try_run(pictures)?, 0)?)
}

fn name(photo: &Path) -> String {
    photo.file_name().unwrap_or_default().display().to_string()
}

#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
fn per_second(views: usize, time: Duration) -> f64 {
    views as f64 / time.as_secs_f64()
}

fn cannot_write(path: &Path, error: &dyn Error) -> String {
    format!("cannot write {}: {error}", path.display())
}

fn write_matches(path: &Path, names: &[String], found: &[(View, Match)]) -> io::Result<()> {
    let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    let mut csv = BufWriter::new(File::create(path)?);
    writeln!(csv, "part,photo,found,similarity")?;
    for (part, (view, Match { reference, similarity })) in found.iter().enumerate() {
        writeln!(csv, "{part},{},{},{similarity:.4}", names[view.photo()], names[*reference])?;
    }
    csv.flush()
}

/// As a CSV field.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
