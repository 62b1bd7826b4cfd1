//! Draws the page.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

use super::entry::Kind;
use super::page::{Mode, Page};
use super::picker::Picker;
use super::transcript::Row;
use super::wrap::{cells_of, symbols};

/// Draws it into the whole frame.
pub(super) fn draw(page: &mut Page, frame: &mut Frame<'_>, coloured: bool) {
    let paint = Paint { coloured };
    let area = frame.area();
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    page.editor.lay_out(width.saturating_sub(GUTTER).max(1));
    let written = page.editor.rows().len().clamp(1, (height / 3).max(1));
    let middle = height.saturating_sub(2 + written);
    page.transcript.lay_out(width.saturating_sub(GUTTER).max(1), middle);
    let mut at = area.y;
    let mut rows = |count: usize| {
        let count = u16::try_from(count).unwrap_or(u16::MAX).min(area.bottom() - at);
        let rows = Rect {
            y: at,
            height: count,
            ..area
        };
        at += count;
        rows
    };
    let places = Places {
        head: rows(1),
        middle: rows(middle),
        status: rows(1),
        written: rows(written),
    };
    frame.render_widget(head(page, width, paint), places.head);
    match &page.mode {
        Mode::Choosing(picker) => choices(picker, frame, places.middle),
        Mode::Writing | Mode::Searching(_) => transcript(page, frame, places.middle, paint),
    }
    frame.render_widget(status(page, width, paint), places.status);
    editor(page, frame, places.written, paint);
}

struct Places {
    head: Rect,
    middle: Rect,
    status: Rect,
    written: Rect,
}

#[derive(Clone, Copy)]
struct Paint {
    coloured: bool,
}

impl Paint {
    fn colour(self, colour: Color) -> Style {
        if self.coloured {
            Style::new().fg(colour)
        } else {
            Style::new()
        }
    }

    fn faint(self) -> Style {
        // Some terminals without colours show dimmed text as nothing at all; there it is left as it is.
        if self.coloured {
            Style::new().add_modifier(Modifier::DIM)
        } else {
            Style::new()
        }
    }

    fn of(self, kind: Kind) -> Style {
        match kind {
            Kind::User => self.colour(Color::Cyan).add_modifier(Modifier::BOLD),
            Kind::Answer => Style::new(),
            Kind::Quiet => self.faint(),
            Kind::Mark => self.colour(Color::Yellow),
            Kind::Note => self.colour(Color::Green),
            Kind::Failure => self.colour(Color::Red),
        }
    }
}

fn head(page: &Page, width: usize, paint: Paint) -> Line<'static> {
    let title = page.title.as_deref().unwrap_or("new conversation");
    let partner = fitted(&page.partner, width / 2);
    let room = width.saturating_sub(cells_of(&partner) + 3);
    let title = fitted(title, room);
    let gap = " ".repeat(width.saturating_sub(cells_of(&title) + cells_of(&partner) + 2));
    let style = paint.colour(Color::Cyan).add_modifier(Modifier::REVERSED);
    Line::styled(format!(" {title}{gap}{partner} "), style)
}

fn transcript(page: &Page, frame: &mut Frame<'_>, area: Rect, paint: Paint) {
    if page.transcript.is_empty() {
        let text = Line::styled("  Write a message; /help lists what can be done.", paint.faint());
        frame.render_widget(text, area);
        return;
    }
    for (row, place) in page.transcript.visible().into_iter().zip(area.rows()) {
        frame.render_widget(line(&row, paint), place);
    }
}

fn line<'a>(row: &Row<'a>, paint: Paint) -> Line<'a> {
    let Some(kind) = row.kind else {
        return Line::default();
    };
    let style = paint.of(kind);
    let gutter = match (kind, row.first) {
        (Kind::User, true) => "> ",
        (Kind::Quiet, true) => ". ",
        (Kind::Failure, true) => "! ",
        (Kind::User | Kind::Quiet | Kind::Failure | Kind::Answer | Kind::Mark | Kind::Note, _) => "  ",
    };
    let mut spans = vec![Span::styled(gutter, style)];
    if row.indent > 0 {
        spans.push(Span::raw(" ".repeat(row.indent)));
    }
    match &row.found {
        Some(found) => {
            let lit = style.add_modifier(Modifier::REVERSED);
            spans.push(Span::styled(&row.text[..found.start], style));
            spans.push(Span::styled(&row.text[found.clone()], lit));
            spans.push(Span::styled(&row.text[found.end..], style));
        }
        None => spans.push(Span::styled(row.text, style)),
    }
    Line::from(spans)
}

fn choices(picker: &Picker, frame: &mut Frame<'_>, area: Rect) {
    for ((text, chosen), place) in picker.rows(usize::from(area.height)).into_iter().zip(area.rows()) {
        let (gutter, style) = if chosen {
            ("> ", Style::new().add_modifier(Modifier::REVERSED))
        } else {
            ("  ", Style::new())
        };
        let text = fitted(text, usize::from(area.width).saturating_sub(GUTTER));
        frame.render_widget(Line::styled(format!("{gutter}{text}"), style), place);
    }
}

fn status(page: &Page, width: usize, paint: Paint) -> Line<'static> {
    let said = match (&page.hint, &page.mode) {
        (Some(hint), _) => hint.clone(),
        (None, Mode::Searching(_)) => "Enter finds the one before, Down the one after, Esc ends".to_owned(),
        (None, Mode::Choosing(_)) => "Enter goes on with it, letters narrow the list, Esc ends".to_owned(),
        (None, Mode::Writing) if page.answering => match page.waited_secs {
            Some(secs) if secs > 1 => format!("waiting for an answer, {secs} s; Ctrl-C stops"),
            Some(_) | None => "answering; Ctrl-C stops".to_owned(),
        },
        (None, Mode::Writing) => match page.working {
            Some(auxiliary) => format!("making a {}", auxiliary.word()),
            None => "Enter sends, Alt-Enter begins a new line, /help".to_owned(),
        },
    };
    let below = match page.transcript.below() {
        0 => String::new(),
        below => format!("{below} rows below"),
    };
    let said = fitted(&said, width.saturating_sub(cells_of(&below) + 3));
    let gap = " ".repeat(width.saturating_sub(cells_of(&said) + cells_of(&below) + 2));
    Line::styled(format!(" {said}{gap}{below} "), paint.faint())
}

fn editor(page: &Page, frame: &mut Frame<'_>, area: Rect, paint: Paint) {
    if area.height == 0 {
        return;
    }
    let prompt = paint.colour(Color::Cyan).add_modifier(Modifier::BOLD);
    let column = |cells: usize| {
        area.x
            + u16::try_from(cells)
                .unwrap_or(u16::MAX)
                .min(area.width.saturating_sub(1))
    };
    let asked = match &page.mode {
        Mode::Writing => None,
        Mode::Searching(needle) => Some(format!("search: {needle}")),
        Mode::Choosing(picker) => Some(format!("resume: {}", picker.filter())),
    };
    if let Some(asked) = asked {
        frame.render_widget(Line::styled(asked.clone(), prompt), area);
        frame.set_cursor_position(Position::new(column(cells_of(&asked)), area.y));
        return;
    }
    let (row, cells) = page.editor.cursor_cell();
    let rows = page.editor.rows();
    let first = row.saturating_sub(usize::from(area.height) - 1);
    for ((number, bytes), place) in rows.iter().enumerate().skip(first).zip(area.rows()) {
        let gutter = if number == 0 { "> " } else { "  " };
        let text = &page.editor.text()[bytes.clone()];
        frame.render_widget(Line::from(vec![Span::styled(gutter, prompt), Span::raw(text)]), place);
    }
    let below = u16::try_from(row - first).unwrap_or_default();
    frame.set_cursor_position(Position::new(column(GUTTER + cells), area.y + below));
}

/// As much of the text as fits, with an ellipsis if that is not all.
fn fitted(text: &str, room: usize) -> String {
    if cells_of(text) <= room {
        return text.to_owned();
    }
    let mut fitted = String::new();
    let mut cells = 0;
    for (symbol, wide) in symbols(text) {
        if cells + wide + 1 > room {
            break;
        }
        fitted.push_str(symbol);
        cells += wide;
    }
    if room > 0 {
        fitted.push('…');
    }
    fitted
}

/// Two cells before every row say whose it is.
const GUTTER: usize = 2;
