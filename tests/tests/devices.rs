//! Devices: every form that names them, every mistake, and what the workers make of them.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error as _;
use std::sync::{Arc, Mutex};

use easycore::{
    Device, Devices, ErrorKind, FromWorker, HookError, IntoDevices, Options, Pinning, Worker, parallel_runner,
};
use easycore_tests::{JobRunner, Plan, Refused, identity, lock, watched};

fn listed(devices: impl IntoDevices) -> Vec<String> {
    let devices = devices.into_devices().expect("these are devices");
    devices.as_slice().iter().map(ToString::to_string).collect()
}

#[test]
#[expect(clippy::needless_borrows_for_generic_args, reason = "borrowed lists are forms of their own")]
fn every_form_names_the_same_devices() {
    let three = ["cuda:0", "cpu", "mps"];
    let owned = three.map(str::to_owned);
    let devices = [Device::Cuda(0), Device::Cpu, Device::Mps];
    assert_eq!(listed("cuda:0,cpu,mps"), three);
    assert_eq!(listed(" cuda:0 , cpu,\tmps "), three);
    assert_eq!(listed("cuda:0, cpu, mps".to_owned()), three);
    assert_eq!(listed(&"cuda:0, cpu, mps".to_owned()), three);
    assert_eq!(listed(three), three);
    assert_eq!(listed(&three), three);
    assert_eq!(listed(&three[..]), three);
    assert_eq!(listed(three.to_vec()), three);
    assert_eq!(listed(&three.to_vec()), three);
    assert_eq!(listed(owned.clone()), three);
    assert_eq!(listed(owned.to_vec()), three);
    assert_eq!(listed(&owned[..]), three);
    assert_eq!(listed(devices.clone()), three);
    assert_eq!(listed(devices.to_vec()), three);
    assert_eq!(listed(&devices[..]), three);
    assert_eq!(listed("cuda:0, cpu, mps".parse::<Devices>().expect("a list")), three);
    assert_eq!(listed(Device::Cuda(3)), ["cuda:3"]);
    assert_eq!(listed("cuda"), ["cuda:0"]);
    assert_eq!(listed(2), ["cpu", "cpu"]);
    assert_eq!(listed(1_024).len(), 1_024);
    let cores = std::thread::available_parallelism().expect("the system tells it").get();
    assert_eq!(listed(Devices::cpus()), vec!["cpu"; cores]);
}

#[test]
fn a_device_is_read_as_it_is_written() {
    for text in ["cpu", "cuda:0", "cuda:17", "mps"] {
        assert_eq!(text.parse::<Device>().expect("a device").to_string(), text);
    }
}

/// Whatever is wrong with the devices is an error of `start` and of `run`, of the right kind and with these words.
fn assert_refused(devices: impl IntoDevices + Clone + Send + 'static, words: &'static [&'static str]) {
    watched(format!("{words:?}"), move || {
        let plan = identity();
        let books = plan.books();
        let mut runner = JobRunner::<_, _, true>::new(devices.clone(), plan);
        let errors = [
            devices.into_devices().expect_err("no devices"),
            runner.start().expect_err("no devices"),
            runner.run(0..10).expect_err("no devices"),
            runner.stream(0..10).next().expect("one item").expect_err("no devices"),
        ];
        for error in errors {
            assert_eq!(error.kind(), ErrorKind::Devices, "{error}");
            let line = error.to_string();
            assert!(!line.contains('\n'), "{line:?}");
            assert!(words.iter().all(|word| line.contains(word)), "{line}");
        }
        assert!(!runner.is_active());
        assert_eq!(books.made(), 0);
    });
}

#[test]
fn a_text_that_names_no_device_is_an_error_that_quotes_the_whole_text() {
    for text in [
        "gpu",
        "",
        " ",
        "cuda:",
        "cuda:x",
        "cuda:-1",
        "cuda:+1",
        "cuda:1:2",
        "CPU ",
        "cuda:99999999999999999999999",
    ] {
        let quoted: &'static str = format!("{text:?}").leak();
        let words: &'static [&'static str] = vec![quoted].leak();
        assert_refused(text, words);
        assert_refused([text], words);
        assert_refused(vec![text.to_owned()], words);
    }
    assert_refused("cpu, gpu", &["\"cpu, gpu\""]);
    assert_refused("cpu,", &["\"cpu,\""]);
    assert_refused(",", &["\",\""]);
    assert_refused(["cuda:0", "gpu"], &["\"gpu\""]);
    assert_refused("cpu\ngpu", &[r#""cpu\ngpu""#]);
}

#[test]
fn no_devices_are_an_error() {
    assert_refused(0, &["no devices"]);
    assert_refused(Vec::<Device>::new(), &["no devices"]);
    assert_refused([""; 0], &["no devices"]);
}

#[test]
fn more_than_1024_workers_are_refused_before_anything_is_allocated() {
    assert_refused(1_025, &["1025", "1024"]);
    // A byte for each would be more than any machine has.
    assert_refused(usize::MAX, &["1024"]);
    assert_refused(vec![Device::Cpu; 1_025], &["1025", "1024"]);
    let text: &'static str = vec!["cpu"; 1_025].join(",").leak();
    assert_refused(text, &["1025", "1024"]);
}

#[test]
fn more_than_1024_workers_by_workers_per_device_are_refused_too() {
    for (devices, each) in [(1, 1_025), (2, 513), (2, usize::MAX), (1_024, usize::MAX)] {
        watched(format!("{devices} devices with {each} workers each"), move || {
            let plan = identity();
            let books = plan.books();
            let options = Options::new().workers_per_device(each);
            let mut runner = JobRunner::<_, _, true>::new(devices, plan).options(options);
            let error = runner.start().expect_err("too many");
            assert_eq!(error.kind(), ErrorKind::Devices);
            assert!(error.to_string().contains("1024"), "{error}");
            assert_eq!(books.made(), 0);
            let mut runner = runner.options(Options::new().workers_per_device(2));
            if devices < 3 {
                assert_eq!(runner.run(0..10).expect("these are few").len(), 10);
                assert_eq!(books.made(), 2 * devices);
            }
        });
    }
}

/// Index, device and rank of every worker that is started.
fn workers_of(devices: impl IntoDevices, options: Options) -> Vec<(usize, String, usize)> {
    let seen: Arc<Mutex<Vec<_>>> = Arc::default();
    let noting = Arc::clone(&seen);
    let plan = identity().init(move |worker| {
        lock(&noting).push((worker.index(), worker.device().to_string(), worker.rank()));
        Ok(())
    });
    let mut runner = JobRunner::<_, _, true>::new(devices, plan).options(options);
    assert_eq!(runner.run(0..10).expect("nothing fails").len(), 10);
    let mut seen = lock(&seen).clone();
    seen.sort();
    seen
}

fn rows(rows: &[(usize, &str, usize)]) -> Vec<(usize, String, usize)> {
    rows.iter().map(|&(index, device, rank)| (index, device.to_owned(), rank)).collect()
}

#[test]
fn each_mention_of_a_device_is_a_worker_and_workers_of_a_device_are_numbered_in_a_row() {
    watched("cuda:1, cpu, cuda:1", || {
        assert_eq!(
            workers_of(["cuda:1", "cpu", "cuda:1"], Options::new()),
            rows(&[(0, "cuda:1", 0), (1, "cuda:1", 1), (2, "cpu", 0)])
        );
        assert_eq!(workers_of(2, Options::new()), rows(&[(0, "cpu", 0), (1, "cpu", 1)]));
    });
}

#[test]
fn workers_per_device_multiplies_each_mention() {
    watched("six of three", || {
        assert_eq!(workers_of(3, Options::new().workers_per_device(2)).len(), 6);
        assert_eq!(
            workers_of(["cuda:0", "cpu"], Options::new().workers_per_device(2)),
            rows(&[(0, "cuda:0", 0), (1, "cuda:0", 1), (2, "cpu", 0), (3, "cpu", 1)])
        );
    });
}

#[parallel_runner]
impl OnDevice {
    fn producer_init(device: &Device) -> Device {
        device.clone()
    }
    fn producer_work(device: &mut Device, _item: u8) -> Device {
        device.clone()
    }
}

#[parallel_runner]
impl OnOwnDevice {
    fn producer_init(device: Device) -> Device {
        device
    }
    fn producer_work(device: &mut Device, _item: u8) -> Device {
        device.clone()
    }
}

#[parallel_runner]
impl OnWorker {
    fn producer_init(worker: &Worker) -> Worker {
        worker.clone()
    }
    fn producer_work(worker: &mut Worker, _item: u8) -> Device {
        worker.device().clone()
    }
}

#[parallel_runner]
impl OnOwnWorker {
    fn producer_init(worker: Worker) -> Worker {
        worker
    }
    fn producer_work(worker: &mut Worker, _item: u8) -> Device {
        worker.device().clone()
    }
}

/// What a user makes of a worker.
struct Label(Device);

impl FromWorker<'_> for Label {
    fn from_worker(worker: &Worker) -> Result<Self, HookError> {
        if *worker.device() == Device::Mps {
            return Refused::result("no labels here");
        }
        Ok(Self(worker.device().clone()))
    }
}

#[parallel_runner]
impl OnLabel {
    fn producer_init(label: Label) -> Label {
        label
    }
    fn producer_work(label: &mut Label, _item: u8) -> Device {
        label.0.clone()
    }
}

#[test]
fn producer_init_takes_whatever_can_be_made_from_a_worker() {
    watched("five forms", || {
        let expected = [Device::Cuda(7)];
        assert_eq!(OnDevice::new("cuda:7").run([0]).expect("nothing fails"), expected);
        assert_eq!(OnOwnDevice::new("cuda:7").run([0]).expect("nothing fails"), expected);
        assert_eq!(OnWorker::new("cuda:7").run([0]).expect("nothing fails"), expected);
        assert_eq!(OnOwnWorker::new("cuda:7").run([0]).expect("nothing fails"), expected);
        assert_eq!(OnLabel::new("cuda:7").run([0]).expect("nothing fails"), expected);
    });
}

#[test]
fn what_cannot_be_made_from_a_worker_is_an_error_of_start() {
    watched("no label", || {
        let mut runner = OnLabel::new("cpu, mps");
        let error = runner.start().expect_err("there are no labels on mps");
        assert_eq!((error.kind(), error.hook()), (ErrorKind::Init, Some("producer_init")));
        assert_eq!((error.device(), error.worker()), (Some(&Device::Mps), Some(1)));
        assert!(error.source().expect("the user's own error").is::<Refused>());
        let mut runner = runner.options(Options::new().min_devices(1));
        assert_eq!(runner.run([0]).expect("the other device is sound"), [Device::Cpu]);
    });
}

#[test]
fn a_list_that_could_not_be_made_is_an_error_of_start() {
    let list = |text: &str| text.parse::<Devices>();
    let error = OnDevice::new(list("cpu, gpu")).start().expect_err("no device is called gpu");
    assert_eq!(error.kind(), ErrorKind::Devices);
    assert_eq!(error.to_string(), list("cpu, gpu").expect_err("no device is called gpu").to_string());
    assert_eq!(OnDevice::new(list("cpu")).run([0]).expect("nothing fails"), [Device::Cpu]);
}

#[test]
fn a_worker_knows_how_many_there_are() {
    let plan = Plan::new(|seat, _: usize| Ok(seat.worker.num_workers()));
    let options = Options::new().workers_per_device(2);
    let mut runner = JobRunner::<_, usize, true>::new("cpu, cuda:0, cpu", plan).options(options);
    assert_eq!(runner.run(0..3).expect("nothing fails"), [6, 6, 6]);
}

#[test]
fn an_error_names_the_device_of_its_worker() {
    watched("cuda:4 fails", || {
        let plan = Plan::new(|seat, item: usize| {
            if *seat.worker.device() == Device::Cuda(4) { Refused::result("four") } else { Ok(item) }
        });
        let mut runner = JobRunner::<_, usize, true>::new(["cpu", "cuda:4"], plan);
        // Endless, so that the failing worker gets an item some time.
        let error = runner.run(0..).expect_err("one of two workers fails");
        assert_eq!((error.device(), error.worker()), (Some(&Device::Cuda(4)), Some(1)));
        assert!(error.to_string().contains("on cuda:4 (worker 1)"), "{error}");
    });
}

#[test]
fn pinning_where_it_is_supported_always_works() {
    watched("eight workers on whatever there is", || {
        let mut runner =
            JobRunner::<_, _, true>::new(8, identity()).options(Options::new().pin(Pinning::IfSupported));
        assert_eq!(runner.run(0..100).expect("nothing fails").len(), 100);
    });
}

#[cfg(target_os = "linux")]
fn allowed_cores() -> String {
    let status = std::fs::read_to_string("/proc/thread-self/status").expect("Linux tells it");
    let line = status.lines().find(|line| line.starts_with("Cpus_allowed_list")).expect("it is in there");
    line.split_whitespace().last().expect("a list of cores").to_owned()
}

/// How many cores a list like `0-3,8` names.
#[cfg(target_os = "linux")]
fn count_cores(list: &str) -> usize {
    let number = |text: &str| text.parse::<usize>().expect("the number of a core");
    let length = |range: &str| match range.split_once('-') {
        Some((from, to)) => number(to) - number(from) + 1,
        None => 1,
    };
    list.split(',').map(length).sum()
}

#[cfg(target_os = "linux")]
#[test]
fn pinning_always_binds_each_worker_to_one_core_in_turn_and_nobody_else() {
    watched("as many workers as cores and one more", || {
        let before = allowed_cores();
        let cores = count_cores(&before);
        let seen: Arc<Mutex<BTreeMap<usize, String>>> = Arc::default();
        let noting = Arc::clone(&seen);
        let plan = identity().init(move |worker| {
            lock(&noting).insert(worker.index(), allowed_cores());
            Ok(())
        });
        let mut runner =
            JobRunner::<_, _, true>::new(cores + 1, plan).options(Options::new().pin(Pinning::Always));
        runner.start().expect("Linux can pin");
        let seen = lock(&seen).clone();
        assert_eq!(seen.len(), cores + 1);
        assert!(seen.values().all(|list| list.parse::<usize>().is_ok()), "one core each: {seen:?}");
        assert_eq!(seen.values().collect::<BTreeSet<_>>().len(), cores, "every core is used: {seen:?}");
        assert_eq!(seen[&0], seen[&cores], "beginning again after the last");
        assert_eq!(allowed_cores(), before, "the caller is not bound");
    });
}

#[cfg(target_os = "linux")]
#[test]
fn without_pinning_the_system_decides() {
    watched("no pinning", || {
        let expected = allowed_cores();
        let plan = identity().init(move |_| {
            assert_eq!(allowed_cores(), expected);
            Ok(())
        });
        JobRunner::<_, _, true>::new(2, plan).start().expect("no worker is bound");
    });
}

#[test]
fn too_many_workers_with_a_window_are_refused() {
    watched("overflow", || {
        let options = Options::new().workers_per_device(usize::MAX).window(10);
        let mut runner = JobRunner::<_, _, true>::new(2, identity()).options(options);
        assert_eq!(runner.start().expect_err("too many").kind(), ErrorKind::Devices);
    });
}
