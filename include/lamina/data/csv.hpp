// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <array>
#include <cerrno>
#include <concepts>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <ios>
#include <istream>
#include <limits>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lamina/core/atomic_file.hpp"
#include "lamina/core/bytes.hpp"
#include "lamina/core/errors.hpp"
#include "lamina/core/types.hpp"
#include "lamina/core/views.hpp"
#include "lamina/core/write_stream.hpp"
#include "lamina/data/csv_table.hpp"
#include "lamina/data/number_text.hpp"

/// @file
/// CSV as RFC 4180 has it: cells between delimiters; a cell in quotes may have delimiters and line ends in it, and a quote
/// as two. Beyond it: CR, LF and CRLF all end a line, and may be mixed; a UTF-8 byte order mark is skipped; blank lines and
/// a final control-Z are no rows (a missing value of a one-column file is therefore written ""). Every row has as many
/// cells as the first line. Nothing depends on the locale.

namespace lamina {

/// Reads a CSV file piece by piece, for files larger than memory:
///
///     CsvReader reader("measurements.csv");
///     for (CsvTable part = reader.read(10000); part.rows() > 0; part = reader.read(10000)) …
///
/// It holds 64 KiB of the file and one row. After an exception it is of no further use.
class CsvReader {
 public:
  /// @throws FileError when the file cannot be read; FormatError when it is UTF-16 or UTF-32, or its first line is malformed;
  /// OptionError as CsvOptions::check, and when CsvOptions::columns has a column that the file has not.
  explicit CsvReader(const std::filesystem::path& path, CsvOptions options = {})
      : CsvReader(path.string(), std::move(options)) {
    detail::check_path(table_.source_);
    file_ = std::make_unique<std::ifstream>(path, std::ios::in | std::ios::binary);
    if (!*file_)
      detail::fail<FileError>({table_.source_, ": cannot be opened: ", detail::system_error_text(errno)});
    stream_ = file_->rdbuf();
    begin();
  }
  /// From a stream, which must live as long as the reader; `source` is its name in messages.
  explicit CsvReader(std::istream& stream, CsvOptions options = {}, std::string source = "CSV")
      : CsvReader(std::move(source), std::move(options)) {
    if (!stream) detail::fail<Error>({table_.source_, ": the stream cannot be read"});
    stream_ = stream.rdbuf();
    begin();
  }
  /// From text in memory, which must live as long as the reader.
  static CsvReader of_text(std::string_view text, CsvOptions options = {}, std::string source = "CSV") {
    CsvReader reader(std::move(source), std::move(options));
    reader.at_ = text.data();
    reader.end_ = text.data() + text.size();
    reader.begin();
    return reader;
  }

  /// The names of the columns kept; empty when the file has none.
  const std::vector<std::string>& names() const { return table_.names_; }
  /// The number of columns kept.
  Index columns() const { return table_.columns(); }
  /// The delimiter, also when it was to be detected.
  char delimiter() const { return table_.options_.delimiter; }

  /// The next rows, at most so many; none at the end of the file.
  /// @throws FormatError with the line when a row has not as many cells as the first line, or is malformed; OptionError
  /// when `most` is negative.
  CsvTable read(Index most = std::numeric_limits<Index>::max()) {
    if (most < 0)
      detail::fail<OptionError>({table_.source_, ": expected to read a number of rows \u2265 0, got ", most});
    CsvTable table = table_;
    for (; most > 0 && (pending_ || read_record()); --most) {
      pending_ = false;
      if (record_.size() != width_)
        detail::fail<FormatError>({table_.source_, ", line ", record_.front().line, ": expected ", width_,
                                   width_ == 1 ? " cell" : " cells", " as in line ", first_line_, ", got ",
                                   record_.size()});
      append_record(table);
    }
    return table;
  }

 private:
  struct Cell {
    std::size_t end, line;
  };

  CsvReader(std::string source, CsvOptions options) {
    options.check();
    table_.source_ = std::move(source);
    table_.options_ = std::move(options);
  }

  const CsvOptions& options() const { return table_.options_; }

  // ---- the table's frame ------------------------------------------------------------------------------------

  void begin() {
    if (at_ == end_) refill();
    skip_byte_order_mark();
    if (options().delimiter == CsvOptions::detect) table_.options_.delimiter = detect_delimiter();
    for (const char c : {options().delimiter, '\n', '\r', '\0', '"'})
      special_[static_cast<unsigned char>(c)] = true;
    if (by_blanks()) special_[static_cast<unsigned char>('\t')] = true;

    if (!read_record()) return;
    width_ = record_.size();
    first_line_ = record_.front().line;
    std::vector<std::string> names;
    if (options().header == CsvHeader::yes ||
        (options().header == CsvHeader::automatic && looks_like_names())) {
      for (std::size_t j = 0; j < width_; ++j) names.emplace_back(record_cell(j));
    } else {
      pending_ = true;
    }
    const auto width = static_cast<Index>(width_);
    for (const CsvColumn& which : options().columns)
      table_.numbers_.push_back(CsvTable::find_column(which, names, width, table_.source_));
    if (options().columns.empty())
      for (Index j = 0; j < width; ++j) table_.numbers_.push_back(j);
    if (names.empty()) return;
    for (const Index j : table_.numbers_) table_.names_.push_back(names[static_cast<std::size_t>(j)]);
  }

  bool looks_like_names() const {
    bool empty = true;
    for (std::size_t j = 0; j < record_.size(); ++j) {
      const std::string_view cell = record_cell(j);
      if (cell.empty()) continue;
      empty = false;
      double x = 0;
      if (detail::is_missing(options(), cell) ||
          detail::read_cell(options(), cell, x) != detail::NumberText::other)
        return false;
    }
    return !empty;
  }

  void skip_byte_order_mark() {
    const std::string_view start(at_, static_cast<std::size_t>(end_ - at_));
    const auto starts_with = [start](std::string_view mark) { return start.substr(0, mark.size()) == mark; };
    if (starts_with("\xEF\xBB\xBF")) {
      at_ += 3;
    } else if (starts_with("\xFF\xFE") || starts_with("\xFE\xFF") ||
               starts_with(std::string_view("\0\0\xFE\xFF", 4))) {
      detail::fail<FormatError>(
          {table_.source_, ": expected UTF-8 or ASCII text, got a byte order mark of UTF-16 or UTF-32"});
    }
  }

  bool can_delimit(char c) const { return c != options().decimal && c != options().comment; }

  /// The first candidate that is in every line of the beginning, outside of quotes, equally often.
  char detect_delimiter() const {
    struct Candidate {
      char delimiter;
      std::size_t first = 0, now = 0;
      bool same = true;
    };
    std::array<Candidate, 4> candidates = {{{'\t'}, {';'}, {'|'}, {','}}};
    bool quoted = false, any = false, first_record = true;
    const std::string_view text(at_, static_cast<std::size_t>(end_ - at_));
    const bool more = stream_ && end_ == buffer_.data() + buffer_.size();
    std::size_t line = 0;
    for (std::size_t i = 0; i <= text.size(); ++i) {
      if (i == line && options().comment != '\0')  // whose quotes and delimiters are none
        while (i < text.size() && text[line] == options().comment && text[i] != '\n' && text[i] != '\r') ++i;
      const bool ends = i == text.size() || (!quoted && (text[i] == '\n' || text[i] == '\r'));
      if (!ends) {
        if (text[i] == '"') quoted = !quoted;
        for (Candidate& candidate : candidates)
          candidate.now += !quoted && text[i] == candidate.delimiter ? 1 : 0;
        continue;
      }
      const std::string_view record = text.substr(line, i - line);
      const bool nothing = record.find_first_not_of(' ') == std::string_view::npos ||
                           (options().comment != '\0' && record.front() == options().comment) ||
                           (i == text.size() && record == "\x1A");
      const bool cut = i == text.size() && !first_record && more;  // its rest is not in the buffer
      for (Candidate& candidate : candidates) {
        if (!nothing && !cut) {
          if (first_record) candidate.first = candidate.now;
          candidate.same = candidate.same && candidate.now == candidate.first;
          any = any || (candidate.now > 0 && can_delimit(candidate.delimiter));
        }
        candidate.now = 0;
      }
      if (!nothing) first_record = false;
      line = i + 1;
    }
    for (const Candidate& candidate : candidates)
      if (candidate.same && candidate.first > 0 && can_delimit(candidate.delimiter))
        return candidate.delimiter;
    if (any)
      detail::fail<FormatError>(
          {table_.source_,
           ": cannot tell the delimiter: none of tab, ; | and , is equally often in every "
           "line; give CsvOptions::delimiter"});
    for (const char c : {',', ';'})  // one column
      if (can_delimit(c)) return c;
    return '|';
  }

  // ---- bytes ------------------------------------------------------------------------------------------------

  bool refill() {
    if (!stream_) return false;
    constexpr std::size_t size = 65536;
    buffer_.resize(size);
    std::size_t got = 0;
    try {
      for (std::streamsize more = 1; more > 0 && got < size; got += static_cast<std::size_t>(more))
        more = std::max<std::streamsize>(
            stream_->sgetn(buffer_.data() + got, static_cast<std::streamsize>(size - got)), 0);
    } catch (const std::ios_base::failure& failure) {
      const std::string after = line_ > 1 ? detail::message({" after line ", line_ - 1}) : "";
      const std::string reason = failure.code().message();
      if (file_) detail::fail<FileError>({table_.source_, ": cannot be read", after, ": ", reason});
      detail::fail<Error>({table_.source_, ": cannot be read", after, ": ", reason});
    }
    at_ = buffer_.data();
    end_ = at_ + got;
    return got > 0;
  }
  /// The next byte, or −1 at the end.
  int peek() { return at_ != end_ || refill() ? static_cast<unsigned char>(*at_) : -1; }
  bool next_is(char c) { return peek() == static_cast<unsigned char>(c); }
  bool at_line_end() { return next_is('\n') || next_is('\r'); }
  void skip_line_end() {
    const bool carriage_return = *at_++ == '\r';
    if (carriage_return && next_is('\n')) ++at_;
    ++line_;
  }
  bool by_blanks() const { return options().delimiter == ' '; }
  bool at_delimiter() { return next_is(options().delimiter) || (by_blanks() && next_is('\t')); }
  void skip_blanks() {
    while ((next_is(' ') || next_is('\t')) && (by_blanks() || !next_is(options().delimiter))) ++at_;
  }

  // ---- records ----------------------------------------------------------------------------------------------

  std::string_view record_cell(std::size_t j) const {
    const std::size_t begin = j == 0 ? 0 : record_[j - 1].end;
    return std::string_view(text_).substr(begin, record_[j].end - begin);
  }

  void append_record(CsvTable& table) const {
    const std::size_t line = record_.front().line;
    for (const Index j : table.numbers_) {
      const Cell& cell = record_[static_cast<std::size_t>(j)];
      if (cell.line != line) table.later_.emplace_back(table.ends_.size(), cell.line - line);
      table.text_ += record_cell(static_cast<std::size_t>(j));
      table.ends_.push_back(table.text_.size());
    }
    table.lines_.push_back(line);
  }

  /// The next line with something on it, as cells; false at the end.
  bool read_record() {
    for (;;) {
      text_.clear();
      record_.clear();
      quoted_ = false;
      if (peek() < 0) return false;
      if (options().comment != '\0' && next_is(options().comment)) {
        while (peek() >= 0 && !at_line_end()) ++at_;
        if (peek() >= 0) skip_line_end();
        continue;
      }
      for (bool more = true; more;) {
        const std::size_t line = line_;
        more = read_cell();
        record_.push_back({text_.size(), line});
      }
      if (record_.size() > 1 || quoted_) return true;
      if (text_ == "\x1A" && peek() < 0) return false;
      if (!text_.empty()) return true;
    }
  }

  /// Appends a cell to text_; true when another one follows on the line.
  bool read_cell() {
    const std::size_t begin = text_.size();
    if (options().trim || by_blanks()) skip_blanks();
    if (next_is('"')) {
      read_quoted();
      if (options().trim && !by_blanks()) skip_blanks();
      if (peek() >= 0 && !at_delimiter() && !at_line_end())
        fail_here("expected the delimiter or the end of the line after the closing quote");
    } else {
      read_plain();
      if (options().trim)
        while (text_.size() > begin && detail::is_blank(text_.back())) text_.pop_back();
      if (next_is('"')) fail_here("expected quotes around the whole cell and doubled ones in it");
      if (next_is('\0')) fail_here("expected text");
    }
    bool more = at_delimiter();
    if (more) {
      ++at_;
      if (by_blanks()) {
        skip_blanks();
        more = peek() >= 0 && !at_line_end();
      }
    }
    if (!more && peek() >= 0) skip_line_end();
    return more;
  }

  /// Appends what comes before the next special byte.
  void read_plain() {
    while (at_ != end_ || refill()) {
      const char* stop = at_;
      while (stop != end_ && !special_[static_cast<unsigned char>(*stop)]) ++stop;
      text_.append(at_, stop);
      at_ = stop;
      if (at_ != end_) return;
    }
  }

  void read_quoted() {
    quoted_ = true;
    const std::size_t opened = line_;
    ++at_;
    for (;;) {
      const int c = peek();
      if (c < 0)
        detail::fail<FormatError>({table_.source_, ", line ", opened, ", column ", record_.size() + 1,
                                   ": expected a closing quote, got the end of the file"});
      if (c == 0) fail_here("expected text");
      if (at_line_end()) {
        const bool carriage_return = next_is('\r');
        text_ += *at_++;
        if (carriage_return && next_is('\n')) text_ += *at_++;
        ++line_;
        continue;
      }
      if (c == '"') {
        ++at_;
        if (!next_is('"')) return;
      }
      text_ += *at_++;
    }
  }

  [[noreturn]] LAMINA_COLD void fail_here(std::string_view expected) {
    const int c = peek();
    const std::string got = c == 0 ? "a NUL byte" : detail::excerpt(std::string_view(at_, 1));
    detail::fail<FormatError>(
        {table_.source_, ", line ", line_, ", column ", record_.size() + 1, ": ", expected, ", got ", got});
  }

  CsvTable table_;  // without rows
  std::unique_ptr<std::ifstream> file_;
  std::streambuf* stream_ = nullptr;  // null for text in memory
  std::vector<char> buffer_;
  const char* at_ = nullptr;
  const char* end_ = nullptr;
  std::array<bool, 256> special_{};

  std::size_t line_ = 1;
  std::string text_;          // of the cells of the record
  std::vector<Cell> record_;  // where they end in text_, and the line on which they begin
  bool quoted_ = false;       // a cell of the record is
  bool pending_ = false;      // the record is the first row
  std::size_t width_ = 0;     // cells in a row
  std::size_t first_line_ = 0;
};

namespace detail {

inline CsvTable read_whole(CsvReader reader) {
  CsvTable table = reader.read();
  if (table.rows() == 0)
    fail<FormatError>({table.source(), ": expected at least one row, got ",
                       table.has_names() ? "a header only" : "no data"});
  return table;
}

}  // namespace detail

/// A CSV file as a table.
/// @throws FileError when the file cannot be read; FormatError when it is malformed or has no row; OptionError as
/// CsvOptions::check, and when CsvOptions::columns has a column that the file has not.
inline CsvTable read_csv(const std::filesystem::path& path, CsvOptions options = {}) {
  return detail::read_whole(CsvReader(path, std::move(options)));
}
/// From a stream to its end; `source` is its name in messages.
inline CsvTable read_csv(std::istream& stream, CsvOptions options = {}, std::string source = "CSV") {
  return detail::read_whole(CsvReader(stream, std::move(options), std::move(source)));
}
/// From text in memory.
inline CsvTable parse_csv(std::string_view text, CsvOptions options = {}, std::string source = "CSV") {
  return detail::read_whole(CsvReader::of_text(text, std::move(options), std::move(source)));
}

/// A text as a cell of a CSV file, in quotes when it needs them.
inline std::string csv_cell(std::string_view text, char delimiter = ',') {
  const bool plain =
      !text.empty() && !detail::is_blank(text.front()) && !detail::is_blank(text.back()) &&
      text.front() != '\xEF' && std::none_of(text.begin(), text.end(), [delimiter](char c) {
        return c == delimiter || c == '"' || c == '\n' || c == '\r' || (delimiter == ' ' && c == '\t');
      });
  if (plain) return std::string(text);
  std::string cell = "\"";
  for (const char c : text) cell.append(c == '"' ? 2 : 1, c);
  return cell + "\"";
}

namespace detail {

inline void check_csv_writing(Index columns, const std::vector<std::string>& names, char delimiter) {
  CsvOptions options;
  options.delimiter = delimiter;
  options.check();
  if (delimiter == CsvOptions::detect) fail<OptionError>({"write_csv: expected a delimiter"});
  if (!names.empty() && static_cast<Index>(names.size()) != columns)
    fail<ShapeError>({"write_csv: expected ", columns, " names, one for each column, got ", names.size()});
}

/// Gives `put` one line after another.
template <EigenDense DX, std::invocable<std::string_view> Put>
void put_csv_lines(const DX& X, const std::vector<std::string>& names, char delimiter, Put put) {
  decltype(auto) data = in_memory(X);
  std::string line;
  for (std::size_t j = 0; j < names.size(); ++j) {
    if (j > 0) line += delimiter;
    line += csv_cell(names[j], delimiter);
  }
  if (!names.empty()) put(line += '\n');
  for (Index i = 0; i < data.rows(); ++i) {
    line.clear();
    for (Index j = 0; j < data.cols(); ++j) {
      if (j > 0) line += delimiter;
      append_number(line, data(i, j));
    }
    put(line += '\n');
  }
}

}  // namespace detail

/// Writes a matrix with one line for each row, ended by LF, numbers with the fewest digits that read back as the same; a
/// number that is not finite as nan, inf or -inf (see CsvOptions::infinity). With `names` there is a header.
/// @throws ShapeError when there are names, but not one for each column; OptionError when the delimiter could be part of a
/// number; FileError when the stream takes no more.
template <EigenDense DX>
void write_csv(std::ostream& stream, const DX& X, const std::vector<std::string>& names = {},
               char delimiter = ',') {
  detail::check_csv_writing(X.cols(), names, delimiter);
  detail::write_stream(stream, "write_csv",
                       [&](const auto& put) { detail::put_csv_lines(X, names, delimiter, put); });
}
/// The same to a file, which is replaced as a whole or not at all (AtomicFile). @throws FileError when it cannot be written.
template <EigenDense DX>
void write_csv(const std::filesystem::path& path, const DX& X, const std::vector<std::string>& names = {},
               char delimiter = ',') {
  detail::check_csv_writing(X.cols(), names, delimiter);
  write_file_atomically(path.string(), [&](AtomicFile& file) {
    detail::put_csv_lines(X, names, delimiter, [&](std::string_view line) { file.write(line); });
  });
}

}  // namespace lamina
