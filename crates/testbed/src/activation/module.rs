//! A module as activation reads it, and the rules that need no look into functions.

use super::function::{Function, Types};
use super::{hooks, Refusal, Rules, ARBOS_CHARGING_FIXES};
use std::collections::HashMap;
use wasmparser::{
    BinaryReaderError, ConstExpr, Data, DataKind, Element, ElementItems, ElementKind, ExternalKind, FuncType,
    FunctionBody, MemoryType, Name, Operator, Parser, Payload, RefType, TableType, TypeRef, ValType, Validator,
    WasmFeatures,
};

/// Globals that rewriting adds: ink left, ink status, a scratch value, stack left.
pub(super) const ADDED_GLOBALS: u64 = 4;
/// Pages that any program may start with.
const MAX_PAGES: u64 = 128;
const PAGE: u64 = 65_536;

/// The sections of a module.
pub(super) struct Module<'a> {
    pub wasm: &'a [u8],
    types: Vec<FuncType>,
    imports: Vec<Import<'a>>,
    /// Type indices of the functions that the module defines.
    functions: Vec<u32>,
    tables: Vec<TableType>,
    memories: Vec<MemoryType>,
    pub globals: u64,
    exports: HashMap<&'a str, (ExternalKind, u32)>,
    start: bool,
    elements: Vec<Element<'a>>,
    bodies: Vec<FunctionBody<'a>>,
    datas: Vec<Data<'a>>,
    name: &'a str,
}

struct Import<'a> {
    module: &'a str,
    name: &'a str,
    ty: u32,
}

impl From<BinaryReaderError> for Refusal {
    fn from(error: BinaryReaderError) -> Self {
        Self::Invalid { reason: error.message().to_owned(), offset: error.offset() }
    }
}

fn features(rules: &Rules) -> WasmFeatures {
    let mut features = WasmFeatures::MUTABLE_GLOBAL
        | WasmFeatures::SATURATING_FLOAT_TO_INT
        | WasmFeatures::SIGN_EXTENSION
        | WasmFeatures::BULK_MEMORY
        | WasmFeatures::FLOATS
        | WasmFeatures::GC_TYPES; // a switch of the parser, without which it refuses every table
    features.set(WasmFeatures::MULTI_VALUE, rules.multi_value());
    features
}

impl<'a> Module<'a> {
    /// Validates and reads a module.
    ///
    /// Errors: [`Refusal::Invalid`], [`Refusal::Section`], [`Refusal::GlobalNotConstant`], [`Refusal::ImportKind`].
    pub(super) fn parse(wasm: &'a [u8], rules: &Rules) -> Result<Self, Refusal> {
        Validator::new_with_features(features(rules)).validate_all(wasm)?;
        let mut module = Self {
            wasm,
            types: vec![],
            imports: vec![],
            functions: vec![],
            tables: vec![],
            memories: vec![],
            globals: 0,
            exports: HashMap::new(),
            start: false,
            elements: vec![],
            bodies: vec![],
            datas: vec![],
            name: "",
        };
        for payload in Parser::new(0).parse_all(wasm) {
            module.read(payload?)?;
        }
        Ok(module)
    }

    fn read(&mut self, payload: Payload<'a>) -> Result<(), Refusal> {
        match payload {
            Payload::TypeSection(section) => {
                for ty in section.into_iter_err_on_gc_types() {
                    self.types.push(ty?);
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import?;
                    let (module, name) = (import.module, import.name);
                    let TypeRef::Func(ty) = import.ty else {
                        return Err(Refusal::ImportKind { module: module.to_owned(), name: name.to_owned() });
                    };
                    self.imports.push(Import { module, name, ty });
                }
            }
            Payload::FunctionSection(section) => self.functions = all(section)?,
            Payload::TableSection(section) => {
                self.tables = all(section)?.into_iter().map(|table| table.ty).collect();
            }
            Payload::MemorySection(section) => self.memories = all(section)?,
            Payload::GlobalSection(section) => {
                for (index, global) in section.into_iter().enumerate() {
                    constant(&global?.init_expr)?.ok_or(Refusal::GlobalNotConstant { index })?;
                    self.globals += 1;
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    self.exports.insert(export.name, (export.kind, export.index));
                }
            }
            Payload::StartSection { .. } => self.start = true,
            Payload::ElementSection(section) => self.elements = all(section)?,
            Payload::DataSection(section) => self.datas = all(section)?,
            Payload::CodeSectionEntry(body) => self.bodies.push(body),
            Payload::CustomSection(section) if section.name() == "name" => {
                let reader = wasmparser::BinaryReader::new(section.data(), 0);
                for name in wasmparser::NameSectionReader::new(reader) {
                    match name? {
                        Name::Module { name, .. } => self.name = name,
                        Name::Function(names) => names.into_iter().try_for_each(|name| name.map(|_| ()))?,
                        _ => {}
                    }
                }
            }
            Payload::DataCountSection { .. } => return Err(Refusal::Section { name: "data count" }),
            Payload::TagSection(_) => return Err(Refusal::Section { name: "tag" }),
            _ => {} // version, end, the start of the code, other custom sections
        }
        Ok(())
    }

    /// Errors: [`Refusal::ImportTwice`], [`Refusal::ExportNamedAsImport`], [`Refusal::ReservedName`].
    pub(super) fn check_names(&self) -> Result<(), Refusal> {
        let mut seen = HashMap::new();
        for import in &self.imports {
            let prior = seen.insert((import.module, import.name), import.ty);
            if prior.is_some_and(|ty| ty != import.ty) {
                return Err(Refusal::ImportTwice { module: import.module.to_owned(), name: import.name.to_owned() });
            }
        }
        // What an export hides is found by what follows its last double underscore.
        let plain = |name: &&'a str| name.rsplit("__").next().unwrap_or_default();
        let exports: Vec<&str> = self.exports.keys().map(plain).collect();
        for import in &self.imports {
            if exports.contains(&import.name) {
                return Err(Refusal::ExportNamedAsImport { name: import.name.to_owned() });
            }
        }
        let mut names = exports.into_iter().chain(self.imports.iter().map(|import| import.name));
        match names.find(|name| name.starts_with("stylus")) {
            Some(name) => Err(Refusal::ReservedName { name: name.to_owned() }),
            None => Ok(()),
        }
    }

    /// Refuses a start function and, outside debug mode, forgets every export but the two that matter.
    ///
    /// Errors: [`Refusal::Start`].
    pub(super) fn check_start(&mut self, rules: &Rules) -> Result<(), Refusal> {
        if self.start && !rules.debug {
            return Err(Refusal::Start);
        }
        if !rules.debug {
            self.exports.retain(|name, (kind, _)| {
                matches!((*name, *kind), ("user_entrypoint", ExternalKind::Func) | ("memory", ExternalKind::Memory))
            });
        }
        Ok(())
    }

    /// The pages that the memory starts with.
    ///
    /// Errors: [`Refusal::MissingMemory`], [`Refusal::TooManyPages`].
    pub(super) fn check_memory(&self) -> Result<u16, Refusal> {
        let exported = self.exports.get("memory") == Some(&(ExternalKind::Memory, 0));
        let memory = self.memories.first().filter(|_| exported).ok_or(Refusal::MissingMemory)?;
        match u16::try_from(memory.initial) {
            Ok(pages) if memory.initial <= MAX_PAGES => Ok(pages),
            _ => Err(Refusal::TooManyPages { pages: memory.initial, bound: MAX_PAGES }),
        }
    }

    /// Whether growing memory is paid for by a host call; a memory that cannot grow needs none.
    ///
    /// Errors: [`Refusal::MissingGrowthPayment`], [`Refusal::ImportType`].
    pub(super) fn check_growth(&self, pages: u16) -> Result<bool, Refusal> {
        let max = self.memories.first().and_then(|memory| memory.maximum);
        if max == Some(u64::from(pages)) {
            return Ok(false);
        }
        let pay = |import: &&Import<'_>| (import.module, import.name) == ("vm_hooks", "pay_for_memory_grow");
        let Some(import) = self.imports.iter().find(pay) else {
            return Err(Refusal::MissingGrowthPayment { min: u64::from(pages), max });
        };
        self.check_import_type(import, &[ValType::I32], &[])?;
        Ok(true)
    }

    /// Counts every function as it will be after rewriting.
    ///
    /// Errors: those of [`Function::count`].
    pub(super) fn rewrite(&self, paid_growth: bool) -> Result<Vec<Function>, Refusal> {
        let imported = self.imports.iter().map(|import| import.ty);
        let by_function: Vec<u32> = imported.chain(self.functions.iter().copied()).collect();
        let types = Types { all: &self.types, by_function: &by_function };
        let count = |(index, body)| Function::count(index, body, self.wasm, types, paid_growth);
        self.bodies.iter().enumerate().map(count).collect()
    }

    /// Errors: [`Refusal::MissingEntrypoint`], [`Refusal::EntrypointType`].
    pub(super) fn check_entrypoint(&self) -> Result<(), Refusal> {
        let Some(&(ExternalKind::Func, index)) = self.exports.get("user_entrypoint") else {
            return Err(Refusal::MissingEntrypoint);
        };
        let mut indices = self.imports.iter().map(|import| import.ty).chain(self.functions.iter().copied());
        let ty = indices.nth(index as usize).and_then(|ty| self.types.get(ty as usize));
        match ty {
            Some(ty) if ty.params() == [ValType::I32] && ty.results() == [ValType::I32] => Ok(()),
            Some(ty) => Err(Refusal::EntrypointType { found: signature(ty.params(), ty.results()) }),
            None => Err(Refusal::MissingEntrypoint),
        }
    }

    /// Errors: [`Refusal::TooManyPages`], [`Refusal::TooMany`], [`Refusal::NameTooLong`], [`Refusal::Start`].
    pub(super) fn check_limits(&self, functions: &[Function], pages: u16, rules: &Rules) -> Result<(), Refusal> {
        if pages > rules.page_limit {
            return Err(Refusal::TooManyPages { pages: u64::from(pages), bound: u64::from(rules.page_limit) });
        }
        at_most("data segments", self.datas.len() as u64, 128)?;
        at_most("element segments", self.elements.len() as u64, 128)?;
        at_most("exports", self.exports.len() as u64 + ADDED_GLOBALS, 1024)?;
        at_most("functions", functions.len() as u64, 4096)?;
        at_most("globals", self.globals + ADDED_GLOBALS, 32_768)?;
        for function in functions {
            at_most("locals in a function", function.locals, 348)?;
            at_most("operators in a function, metering included", function.operators, 65_536)?;
        }
        if rules.arbos >= ARBOS_CHARGING_FIXES {
            at_most("imports", self.imports.len() as u64, 513)?;
        }
        let entries = self.tables.iter().fold(0u64, |sum, table| sum.saturating_add(table.initial));
        at_most("table entries", entries, 4096)?;
        at_most("bytes of element segments", self.element_bytes(), 4096)?;
        if let Some(name) = self.exports.keys().find(|name| name.len() > 512) {
            return Err(Refusal::NameTooLong { what: "export name", len: name.len(), bound: 512 });
        }
        if self.name.len() > 512 {
            return Err(Refusal::NameTooLong { what: "module name", len: self.name.len(), bound: 512 });
        }
        // In debug mode the start function is moved aside first and is no start function any more.
        Ok(())
    }

    /// Errors: [`Refusal::UnknownImport`], [`Refusal::DebugImport`], [`Refusal::ImportType`].
    pub(super) fn check_imports(&self, rules: &Rules) -> Result<(), Refusal> {
        for import in &self.imports {
            let (module, name) = (import.module.to_owned(), import.name.to_owned());
            match hooks::find(import.module, import.name, rules) {
                hooks::Found::Signature(params, results) => self.check_import_type(import, &params, &results)?,
                hooks::Found::DebugOnly => return Err(Refusal::DebugImport { module, name }),
                hooks::Found::Nothing => return Err(Refusal::UnknownImport { module, name }),
            }
        }
        Ok(())
    }

    fn check_import_type(&self, import: &Import<'_>, params: &[ValType], results: &[ValType]) -> Result<(), Refusal> {
        let found = self.types.get(import.ty as usize);
        if found.is_some_and(|ty| ty.params() == params && ty.results() == results) {
            return Ok(());
        }
        Err(Refusal::ImportType {
            module: import.module.to_owned(),
            name: import.name.to_owned(),
            expected: signature(params, results),
            found: found.map_or(String::new(), |ty| signature(ty.params(), ty.results())),
        })
    }

    /// Active segments have to lie within what the module starts with; passive ones are not looked at.
    ///
    /// Errors: [`Refusal::SegmentOffset`], [`Refusal::SegmentBounds`], [`Refusal::TableType`],
    /// [`Refusal::ElementItems`].
    pub(super) fn check_segments(&self, pages: u16) -> Result<(), Refusal> {
        let memory = u64::from(pages) * PAGE;
        for (index, data) in self.datas.iter().enumerate() {
            if let DataKind::Active { offset_expr, .. } = &data.kind {
                within("data", index, offset_expr, data.data.len() as u64, memory)?;
            }
        }
        if let Some(index) = self.tables.iter().position(|table| table.element_type != RefType::FUNCREF) {
            return Err(Refusal::TableType { index });
        }
        for (index, element) in self.elements.iter().enumerate() {
            let ElementKind::Active { table_index, offset_expr } = &element.kind else {
                continue;
            };
            let ElementItems::Functions(items) = &element.items else {
                return Err(Refusal::ElementItems { index });
            };
            let table = self.tables.get(table_index.unwrap_or_default() as usize);
            let entries = table.map_or(0, |table| table.initial);
            within("element", index, offset_expr, u64::from(items.count()), entries)?;
        }
        Ok(())
    }

    /// Parameters and results of the functions that the module defines, added up.
    pub(super) fn type_len(&self) -> u64 {
        let ty = |index: &u32| self.types.get(*index as usize);
        self.functions.iter().filter_map(ty).map(|ty| (ty.params().len() + ty.results().len()) as u64).sum()
    }

    /// Bytes that the data segments hold.
    pub(super) fn data_bytes(&self) -> u64 {
        self.datas.iter().map(|data| data.data.len() as u64).sum()
    }

    /// Bytes that the data segments take in the module, their heads included.
    pub(super) fn data_segment_bytes(&self) -> u64 {
        self.datas.iter().map(|data| data.range.len() as u64).sum()
    }

    /// Bytes that the element segments take in the module.
    pub(super) fn element_bytes(&self) -> u64 {
        self.elements.iter().map(|element| element.range.len() as u64).sum()
    }
}

fn all<'a, T: wasmparser::FromReader<'a>>(section: wasmparser::SectionLimited<'a, T>) -> Result<Vec<T>, Refusal> {
    section.into_iter().map(|item| item.map_err(Refusal::from)).collect()
}

fn at_most(what: &'static str, count: u64, bound: u64) -> Result<(), Refusal> {
    if count > bound {
        return Err(Refusal::TooMany { what, count, bound });
    }
    Ok(())
}

/// The one constant that an expression consists of, if it does: integers by their bits, floats as zero.
fn constant(expr: &ConstExpr<'_>) -> Result<Option<u64>, Refusal> {
    let mut reader = expr.get_operators_reader();
    let value = match reader.read()? {
        Operator::I32Const { value } => Some(value as u64), // sign-extended: a negative offset is past every end
        Operator::I64Const { value } => Some(value as u64),
        Operator::F32Const { .. } | Operator::F64Const { .. } => Some(0),
        _ => None,
    };
    let ends = matches!(reader.read()?, Operator::End) && reader.eof();
    Ok(value.filter(|_| ends))
}

fn within(what: &'static str, index: usize, start: &ConstExpr<'_>, len: u64, bound: u64) -> Result<(), Refusal> {
    let start = constant(start)?.ok_or(Refusal::SegmentOffset { what, index })?;
    let end = start.saturating_add(len);
    if end > bound {
        return Err(Refusal::SegmentBounds { what, index, end, bound });
    }
    Ok(())
}

fn signature(params: &[ValType], results: &[ValType]) -> String {
    let list = |types: &[ValType]| types.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    format!("({}) -> ({})", list(params), list(results))
}
