//! What fits a terminal.

/// Cuts text to the terminal's size: a line that wraps would push the first ones, which matter most, off the screen.
pub(crate) fn fit(text: &str) -> String {
    match terminal_size::terminal_size() {
        Some((terminal_size::Width(width), terminal_size::Height(height))) => {
            cut(text, width.into(), height.into())
        }
        None => text.to_owned(),
    }
}

/// Cuts text to so many columns and lines, and says so. Colours take no column.
fn cut(text: &str, width: usize, height: usize) -> String {
    let lines: Vec<_> = text.lines().collect();
    // the last line is left to the cursor
    let most = height.saturating_sub(1).max(1);
    let shown = if lines.len() > most { most.saturating_sub(1) } else { lines.len() };
    let mut out: Vec<String> = lines.iter().take(shown).map(|line| cut_line(line, width)).collect();
    if shown < lines.len() {
        out.push(cut_line(
            &format!("... {} more lines: make the terminal higher", lines.len() - shown),
            width,
        ));
    }
    out.join("\n")
}

fn cut_line(line: &str, width: usize) -> String {
    let (mut out, mut columns, mut in_code) = (String::new(), 0, false);
    for letter in line.chars() {
        if letter == '\x1b' {
            in_code = true;
        }
        // what is left of a colour's code is kept, so that the colour ends
        if in_code {
            out.push(letter);
            in_code = letter != 'm';
            continue;
        }
        columns += 1;
        if columns < width || (columns == width && line.chars().count() <= width) {
            out.push(letter);
        } else if columns == width {
            out.push('>');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_cut_and_said() {
        assert_eq!(cut("one\ntwo\nthree", 80, 24), "one\ntwo\nthree");
        assert_eq!(cut("abcdef", 4, 24), "abc>");
        assert_eq!(cut("abcd", 4, 24), "abcd");
        let short = cut("1\n2\n3\n4", 80, 4);
        assert_eq!(short, "1\n2\n... 2 more lines: make the terminal higher");
        assert!(cut("1\n2", 1, 1).lines().count() <= 1, "a terminal of one line");
    }

    #[test]
    fn a_colour_that_began_ends_though_the_line_is_cut() {
        assert_eq!(cut_line("\x1b[1;31mMajor\x1b[0m and more", 3), "\x1b[1;31mMa>\x1b[0m");
    }
}
