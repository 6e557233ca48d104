//! The flat buffer of `wit/transform.wit`, laid out by hand.
//!
//! Invariant: written from the contract alone, in the plainest way; shares no code with the SDK.
//! Equal columns are equal bytes, so one writer serves for what goes in and what must come out.

/// The rows of a column; `None` is null.
#[derive(Clone, Debug)]
pub(crate) enum Cells {
    Flag(Vec<Option<bool>>),
    Int(Vec<Option<i64>>),
    Single(Vec<Option<f32>>),
    Double(Vec<Option<f64>>),
    Text(Vec<Option<String>>),
    Lists(Vec<Option<Vec<Option<i64>>>>),
    Texts(Vec<Option<Vec<Option<String>>>>),
    /// Values of so many bytes each, as they lie in the buffer.
    Fixed(usize, Vec<Option<Vec<u8>>>),
    FixedLists(usize, Vec<Option<Vec<Option<Vec<u8>>>>>),
    /// Bytes of any number.
    Octets(Vec<Option<Vec<u8>>>),
    OctetLists(Vec<Option<Vec<Option<Vec<u8>>>>>),
}

#[derive(Default)]
struct Parts {
    nodes: Vec<(usize, usize)>,
    buffers: Vec<Vec<u8>>,
}

fn bits(flags: impl Iterator<Item = bool>) -> Vec<u8> {
    let flags: Vec<bool> = flags.collect();
    let byte = |eight: &[bool]| {
        eight.iter().enumerate().map(|(bit, flag)| u8::from(*flag) << bit).sum::<u8>()
    };
    flags.chunks(8).map(byte).collect()
}

fn offsets(lengths: impl Iterator<Item = usize>) -> Vec<u8> {
    let mut bytes = 0i32.to_le_bytes().to_vec();
    let mut end = 0i32;
    for length in lengths {
        end += length as i32;
        bytes.extend(end.to_le_bytes());
    }
    bytes
}

impl Parts {
    fn node<T>(&mut self, rows: &[Option<T>]) {
        let nulls = rows.iter().filter(|row| row.is_none()).count();
        self.nodes.push((rows.len(), nulls));
        let validity = if nulls == 0 { vec![] } else { bits(rows.iter().map(Option::is_some)) };
        self.buffers.push(validity);
    }

    fn numbers<T, const N: usize>(&mut self, rows: &[Option<T>], bytes: impl Fn(&T) -> [u8; N]) {
        self.node(rows);
        let value = |row: &Option<T>| row.as_ref().map_or([0; N], &bytes);
        self.buffers.push(rows.iter().flat_map(value).collect());
    }

    fn texts(&mut self, rows: &[Option<String>]) {
        self.node(rows);
        let length = |row: &Option<String>| row.as_ref().map_or(0, String::len);
        self.buffers.push(offsets(rows.iter().map(length)));
        self.buffers.push(rows.iter().flatten().flat_map(|text| text.bytes()).collect());
    }

    fn fixed(&mut self, width: usize, rows: &[Option<Vec<u8>>]) {
        self.node(rows);
        let bytes = |row: &Option<Vec<u8>>| row.clone().unwrap_or_else(|| vec![0; width]);
        self.buffers.push(rows.iter().flat_map(bytes).collect());
    }

    fn octets(&mut self, rows: &[Option<Vec<u8>>]) {
        self.node(rows);
        self.buffers.push(offsets(rows.iter().map(|row| row.as_ref().map_or(0, Vec::len))));
        self.buffers.push(rows.iter().flatten().flatten().copied().collect());
    }

    fn lists<T: Clone>(&mut self, rows: &[Option<Vec<Option<T>>>]) -> Vec<Option<T>> {
        self.node(rows);
        self.buffers.push(offsets(rows.iter().map(|row| row.as_ref().map_or(0, Vec::len))));
        rows.iter().flatten().flatten().cloned().collect()
    }

    fn column(&mut self, cells: &Cells) {
        match cells {
            Cells::Flag(rows) => {
                self.node(rows);
                self.buffers.push(bits(rows.iter().map(|row| row.unwrap_or(false))));
            }
            Cells::Int(rows) => self.numbers(rows, |value| value.to_le_bytes()),
            Cells::Single(rows) => self.numbers(rows, |value| value.to_le_bytes()),
            Cells::Double(rows) => self.numbers(rows, |value| value.to_le_bytes()),
            Cells::Text(rows) => self.texts(rows),
            Cells::Lists(rows) => {
                let elements = self.lists(rows);
                self.numbers(&elements, |value| value.to_le_bytes());
            }
            Cells::Texts(rows) => {
                let elements = self.lists(rows);
                self.texts(&elements);
            }
            Cells::Fixed(width, rows) => self.fixed(*width, rows),
            Cells::FixedLists(width, rows) => {
                let elements = self.lists(rows);
                self.fixed(*width, &elements);
            }
            Cells::Octets(rows) => self.octets(rows),
            Cells::OctetLists(rows) => {
                let elements = self.lists(rows);
                self.octets(&elements);
            }
        }
    }
}

pub(crate) fn put(bytes: &mut Vec<u8>, count: usize) {
    bytes.extend((count as u32).to_le_bytes());
}

/// A batch of these columns.
pub(crate) fn batch(rows: usize, columns: &[Cells]) -> Vec<u8> {
    let mut parts = Parts::default();
    columns.iter().for_each(|cells| parts.column(cells));
    let mut bytes = Vec::new();
    put(&mut bytes, rows);
    put(&mut bytes, parts.nodes.len());
    for (rows, nulls) in parts.nodes {
        put(&mut bytes, rows);
        put(&mut bytes, nulls);
    }
    put(&mut bytes, parts.buffers.len());
    let mut end = 0;
    for buffer in &parts.buffers {
        end += buffer.len();
        put(&mut bytes, end);
    }
    bytes.extend(parts.buffers.concat());
    bytes
}

/// An outcome: what was refused, and rows with their source rows.
pub(crate) fn outcome(refused: &[(usize, &str)], sources: &[usize], columns: &[Cells]) -> Vec<u8> {
    let mut bytes = Vec::new();
    put(&mut bytes, refused.len());
    for (row, reason) in refused {
        put(&mut bytes, *row);
        put(&mut bytes, reason.len());
    }
    refused.iter().for_each(|(_, reason)| bytes.extend(reason.bytes()));
    put(&mut bytes, sources.len());
    sources.iter().for_each(|row| put(&mut bytes, *row));
    let batch = batch(sources.len(), columns);
    put(&mut bytes, batch.len());
    bytes.extend(batch);
    bytes
}

/// Texts without nulls.
pub(crate) fn text(texts: &[&str]) -> Cells {
    Cells::Text(texts.iter().map(|text| Some(text.to_string())).collect())
}

/// Numbers without nulls.
pub(crate) fn int(numbers: &[i64]) -> Cells {
    Cells::Int(numbers.iter().copied().map(Some).collect())
}
