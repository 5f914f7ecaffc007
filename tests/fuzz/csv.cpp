// Any bytes as a CSV file, read with any options: a table whose numbers are the same when they are written and read again,
// or a typed error.

#include "lamina/data/csv.hpp"

#include <sstream>

#include "fuzz.hpp"
#include "lamina/data/feature_encoding.hpp"

namespace {

lamina::CsvOptions options_from(unsigned bits) {
  lamina::CsvOptions options;
  constexpr char delimiters[] = {',', ';', ' ', lamina::CsvOptions::detect};
  options.delimiter = delimiters[bits & 3];
  options.comment = (bits & 4) != 0 ? '#' : '\0';
  options.trim = (bits & 8) != 0;
  options.decimal = (bits & 16) != 0 && options.delimiter != ',' ? ',' : '.';
  options.infinity = (bits & 32) != 0;
  if ((bits & 64) != 0) options.true_words = {"yes"}, options.false_words = {"no"};
  return options;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lamina;
  if (size == 0) return 0;
  const CsvOptions options = options_from(data[0]);
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  try {
    const CsvTable table = parse_csv(text, options, "input");
    for (Index i = 0; i < table.rows(); ++i)
      for (Index j = 0; j < table.columns(); ++j)
        static_cast<void>(table.place(i, j).append(table.cell(i, j)));

    // In pieces it is the same table.
    CsvReader reader = CsvReader::of_text(text, options, "input");
    Index rows = 0;
    for (CsvTable part = reader.read(2); part.rows() > 0; part = reader.read(2)) {
      fuzz::require(part.columns() == table.columns());
      for (Index j = 0; j < part.columns(); ++j) fuzz::require(part.cell(0, j) == table.cell(rows, j));
      rows += part.rows();
    }
    fuzz::require(rows == table.rows());

    try {
      const auto encoding = FeatureEncoding::fit(table);
      const auto encoded = encoding.encode(table);
      fuzz::require(encoded.X.cols() == encoding.inputs());
    } catch (const Error&) {
    }
    const Eigen::MatrixXd X = table.matrix(Missing::nan);
    std::ostringstream written;
    write_csv(written, X);
    CsvOptions plain;
    plain.header = CsvHeader::no;
    plain.infinity = true;
    const Eigen::MatrixXd again = parse_csv(written.view(), plain).matrix(Missing::nan);
    fuzz::require(again.rows() == X.rows() && again.cols() == X.cols());
    for (Index i = 0; i < X.size(); ++i)
      fuzz::require(X.data()[i] == again.data()[i] ||
                    (X.data()[i] != X.data()[i] && again.data()[i] != again.data()[i]));
  } catch (const Error&) {
  }
  return 0;
}
