//! The house of `src`: no two files import each other, directly or around a corner, and the doors
//! between the rooms of `src/ext` open one way.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use syn::{Item, UseTree, visit::Visit};

/// A module's path, such as `["ext", "call", "outcome"]`; `[]` is the crate.
type Module = Vec<String>;
type Imports = BTreeMap<Module, BTreeSet<Module>>;

/// Each room with those that it may use.
const DOORS: [(&str, &[&str]); 11] = [
    ("watch", &["number_id", "number", "client", "call", "clock", "error", "trace"]),
    ("number", &["number_id", "client", "call", "decode", "clock", "error"]),
    ("client", &["number_id", "call", "decode", "pacing", "retry", "clock", "error", "trace"]),
    ("call", &["decode", "pacing", "retry", "clock", "error", "trace"]),
    ("decode", &[]),
    ("pacing", &["clock", "trace"]),
    ("trace", &["decode", "clock", "error"]),
    ("retry", &["clock", "error"]),
    ("error", &["decode", "number_id"]),
    ("number_id", &[]),
    ("clock", &[]),
];

#[test]
fn no_two_files_import_each_other_directly_or_around_a_corner() {
    let imports = imports();
    assert!(imports.values().map(BTreeSet::len).sum::<usize>() > 100, "{imports:?}");
    assert_eq!(circles(imports), Imports::new());
}

#[test]
fn the_doors_between_rooms_open_one_way() {
    for (from, targets) in imports() {
        let [ext, room, ..] = &from[..] else { continue };
        let Some((_, may)) = DOORS.iter().find(|(name, _)| ext == "ext" && name == room) else {
            continue;
        };
        for to in targets.iter().filter(|to| to.first().is_some_and(|first| first == "ext")) {
            let is_open = to[1] == *room || may.contains(&&*to[1]);
            assert!(is_open, "{} uses {}", from.join("::"), to.join("::"));
        }
    }
}

/// Returns the imports between the files of `src`, without those of tests.
fn imports() -> Imports {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src");
    let files = files(&src);
    let modules: BTreeSet<Module> = files.iter().map(|file| module(&src, file)).collect();
    let import = |file: &PathBuf| {
        let from = module(&src, file);
        let mut paths = Paths::default();
        paths.visit_file(&syn::parse_file(&fs::read_to_string(file).unwrap()).unwrap());
        let targets = paths.0.iter().filter_map(|path| target(&from, path, &modules));
        let targets = targets.filter(|to| *to != from).collect();
        (from, targets)
    };
    files.iter().map(import).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let of = |path: PathBuf| if path.is_dir() { files(&path) } else { vec![path] };
    entries.flat_map(of).filter(|path| path.extension().is_some_and(|e| e == "rs")).collect()
}

fn module(src: &Path, file: &Path) -> Module {
    let path = file.strip_prefix(src).unwrap().with_extension("");
    let parts = path.iter().map(|part| part.to_str().unwrap().to_owned());
    parts.filter(|part| part != "lib" && part != "mod").collect()
}

/// Every path that is written: those of imports, and those in the code.
#[derive(Default)]
struct Paths(Vec<Vec<String>>);

impl Visit<'_> for Paths {
    fn visit_item(&mut self, item: &Item) {
        // Imports of tests do not count.
        if !matches!(item, Item::Mod(module) if module.ident == "tests") {
            syn::visit::visit_item(self, item);
        }
    }

    fn visit_use_tree(&mut self, tree: &UseTree) {
        self.add(&mut Vec::new(), tree);
    }

    fn visit_path(&mut self, path: &syn::Path) {
        self.0.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        syn::visit::visit_path(self, path);
    }
}

impl Paths {
    fn add(&mut self, before: &mut Vec<String>, tree: &UseTree) {
        match tree {
            UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.add(before, &path.tree);
                before.pop();
            }
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.add(before, tree)),
            UseTree::Name(name) => self.0.push([&before[..], &[name.ident.to_string()]].concat()),
            UseTree::Rename(name) => self.0.push([&before[..], &[name.ident.to_string()]].concat()),
            UseTree::Glob(_) => self.0.push(before.clone()),
        }
    }
}

/// The file that a path leads to, if it is one of ours.
fn target(from: &Module, path: &[String], modules: &BTreeSet<Module>) -> Option<Module> {
    let (first, rest) = path.split_first().filter(|(_, rest)| !rest.is_empty())?;
    let mut target = match first.as_str() {
        "crate" => Vec::new(),
        "super" => from.split_last()?.1.to_vec(),
        // Paths of the crate root.
        "ext" | "generated" if from.is_empty() => vec![first.clone()],
        _ => return None,
    };
    target.extend(rest.iter().cloned());
    while !modules.contains(&target) {
        target.pop()?;
    }
    Some(target)
}

/// Returns the imports on circles, which remain if modules that import nothing, or that nothing
/// imports, are removed until nothing changes.
fn circles(mut imports: Imports) -> Imports {
    loop {
        let modules: BTreeSet<Module> = imports.keys().cloned().collect();
        let imported: BTreeSet<Module> = imports.values().flatten().cloned().collect();
        imports.retain(|from, targets| {
            targets.retain(|to| modules.contains(to));
            !targets.is_empty() && imported.contains(from)
        });
        if imports.len() == modules.len() {
            return imports;
        }
    }
}
