//! What the guest answers, built truly; `misdeed.rs` then spoils the bytes.
//!
//! Invariant: the bytes are those of `wit/transform.wit` for rows of `actor` (nullable string),
//! `value` (int64), `number` (float64) and `note` (string), in this order. Deliberately absent:
//! any check.

/// The header of a batch of rows: 4 + 4, four nodes, 4, ten buffer ends.
pub const HEADER: usize = 8 + 4 * 8 + 4 + 10 * 4;

#[derive(Default)]
pub struct Answer {
    refused: Vec<(u32, Vec<u8>)>,
    pub sources: Vec<u32>,
    actors: Vec<Option<String>>,
    values: Vec<i64>,
    pub numbers: Vec<f64>,
    pub notes: Vec<String>,
}

impl Answer {
    pub fn refuse(&mut self, source: u32, message: &[u8]) {
        self.refused.push((source, message.to_vec()));
    }

    pub fn emit(&mut self, source: u32, actor: Option<&str>, value: i64) {
        self.sources.push(source);
        self.actors.push(actor.map(str::to_string));
        self.values.push(value);
        self.numbers.push(value as f64);
        self.notes.push(format!("note {value}"));
    }

    pub fn output(&mut self, source: u32, y: f64) {
        self.sources.push(source);
        self.numbers.push(y);
    }

    pub fn write(&self) -> Vec<u8> {
        let present = |actor: &Option<String>| actor.is_some();
        let nulls = self.actors.iter().filter(|actor| !present(actor)).count();
        let mut validity = vec![0u8; if nulls == 0 { 0 } else { self.actors.len().div_ceil(8) }];
        for (row, _) in self.actors.iter().enumerate().filter(|(_, a)| nulls > 0 && present(a)) {
            validity[row / 8] |= 1 << (row % 8);
        }
        let texts: Vec<&str> = self.actors.iter().map(|a| a.as_deref().unwrap_or("")).collect();
        let notes: Vec<&str> = self.notes.iter().map(String::as_str).collect();
        let words = |words: Vec<[u8; 8]>| words.concat();
        let buffers = [
            validity,
            offsets(&texts),
            texts.concat().into_bytes(),
            vec![],
            words(self.values.iter().map(|value| value.to_le_bytes()).collect()),
            vec![],
            words(self.numbers.iter().map(|number| number.to_le_bytes()).collect()),
            vec![],
            offsets(&notes),
            notes.concat().into_bytes(),
        ];
        self.outcome(&[nulls, 0, 0, 0], &buffers)
    }

    pub fn write_outputs(&self) -> Vec<u8> {
        let numbers: Vec<u8> =
            self.numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        self.outcome(&[0], &[vec![], numbers])
    }

    pub fn text(&mut self, source: u32, text: &str) {
        self.sources.push(source);
        self.notes.push(text.to_string());
    }

    pub fn write_texts(&self) -> Vec<u8> {
        let texts: Vec<&str> = self.notes.iter().map(String::as_str).collect();
        self.outcome(&[0], &[vec![], offsets(&texts), texts.concat().into_bytes()])
    }

    fn outcome(&self, nulls: &[usize], buffers: &[Vec<u8>]) -> Vec<u8> {
        let rows = self.sources.len();
        let mut batch = Vec::new();
        push(&mut batch, [rows, nulls.len()]);
        nulls.iter().for_each(|&nulls| push(&mut batch, [rows, nulls]));
        push(&mut batch, [buffers.len()]);
        let mut end = 0;
        for buffer in buffers {
            end += buffer.len();
            push(&mut batch, [end]);
        }
        batch.extend(buffers.concat());
        let mut out = Vec::new();
        push(&mut out, [self.refused.len()]);
        for (source, message) in &self.refused {
            push(&mut out, [*source as usize, message.len()]);
        }
        self.refused.iter().for_each(|(_, message)| out.extend(message));
        push(&mut out, [rows]);
        self.sources.iter().for_each(|&source| push(&mut out, [source as usize]));
        push(&mut out, [batch.len()]);
        out.extend(batch);
        out
    }
}

pub fn push<const N: usize>(out: &mut Vec<u8>, numbers: [usize; N]) {
    numbers.iter().for_each(|&number| out.extend((number as u32).to_le_bytes()));
}

fn offsets(texts: &[&str]) -> Vec<u8> {
    let mut out = vec![0; 4];
    let mut end = 0;
    for text in texts {
        end += text.len();
        push(&mut out, [end]);
    }
    out
}
