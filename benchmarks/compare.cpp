// Runs the programs beside it, one after the other, round after round, and prints Markdown tables of ratios.
//
//   compare [--only T2,T4] [--rounds 7] [--seconds 0.7] [--threads 1,2] [--sections float,double,forms]
//           [--peers torch,eigen,…]
//
// The machine is never quiet: so all programs that a row compares run within one round, shortly after one another, and
// what is printed is the median over the rounds of the ratios within a round.

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "workloads.hpp"

namespace {

using namespace benchmarks;

struct Settings {
  std::vector<std::string> only, sections{"float", "double", "forms"},
      peers{"eigen", "torch", "mlpack", "dlib", "fann"};
  std::vector<int> threads{1};
  int rounds = 7;
  double seconds = 0.7;
  std::filesystem::path folder;
};

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> parts;
  std::istringstream in(list);
  for (std::string part; std::getline(in, part, ',');) parts.push_back(part);
  return parts;
}

bool contains(const std::vector<std::string>& list, std::string_view value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

/// @throws std::invalid_argument unless the text is a number from `least` on, to its end
double number_from(double least, const std::string& option, const std::string& text) {
  char* end = nullptr;
  const double x = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !(x >= least) || std::isinf(x)) {
    std::ostringstream message;
    message << option << ": expected a number from " << least << " on, got '" << text << "'";
    throw std::invalid_argument(message.str());
  }
  return x;
}
int integer_from(int least, const std::string& option, const std::string& text) {
  const double x = number_from(least, option, text);
  if (x != std::floor(x) || x > 1e6)
    throw std::invalid_argument(option + ": expected a whole number, got '" + text + "'");
  return static_cast<int>(x);
}
/// @throws std::invalid_argument when a part of the list is none of the names, or there is none
std::vector<std::string> names_among(const std::vector<std::string>& names, const std::string& option,
                                     const std::string& list) {
  const std::vector<std::string> parts = split(list);
  for (const std::string& part : parts.empty() ? std::vector<std::string>{""} : parts) {
    if (contains(names, part)) continue;
    std::string all;
    for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
    throw std::invalid_argument(option + ": expected some of " + all + ", got '" + part + "'");
  }
  return parts;
}

Settings settings(int argc, char** argv) {
  Settings s;
  s.folder = std::filesystem::path(argv[0]).parent_path();
  if (s.folder.empty()) s.folder = ".";
  if (std::thread::hardware_concurrency() > 1) s.threads.push_back(2);
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    if (i + 1 >= argc) throw std::invalid_argument("expected a value after " + option);
    const std::string value = argv[++i];
    if (option == "--only") {
      s.only = split(value);
      for (const std::string& name : s.only) {
        const auto& all = workloads();
        if (std::none_of(all.begin(), all.end(), [&](const Workload& w) { return w.name.starts_with(name); }))
          throw std::invalid_argument("no workload " + name);
      }
    } else if (option == "--rounds") {
      s.rounds = integer_from(1, option, value);
    } else if (option == "--seconds") {
      s.seconds = number_from(0.001, option, value);
    } else if (option == "--threads") {
      s.threads.clear();
      for (const std::string& t : split(value)) s.threads.push_back(integer_from(1, option, t));
      if (s.threads.empty()) throw std::invalid_argument(option + ": expected numbers of threads, got none");
      std::sort(s.threads.begin(), s.threads.end());
    } else if (option == "--sections") {
      s.sections = names_among(Settings().sections, option, value);
    } else if (option == "--peers") {
      s.peers = names_among(Settings().peers, option, value);
    } else {
      throw std::invalid_argument("unknown option " + option);
    }
  }
  return s;
}

/// What a command prints, and how it ended.
std::pair<std::string, int> output_of(const std::string& command) {
  std::FILE* pipe = popen(command.c_str(), "r");
  if (!pipe) throw std::runtime_error("cannot run " + command);
  std::string text;
  std::array<char, 256> part;
  while (std::fgets(part.data(), part.size(), pipe)) text += part.data();
  const int status = pclose(pipe);
  return {text, WIFEXITED(status) ? WEXITSTATUS(status) : -1};
}

/// Everything that was measured: for each program, workload and number of threads one number a round; NaN is none.
class Measurements {
 public:
  explicit Measurements(const Settings& settings) : settings_(settings) {}

  bool there(const std::string& program) const { return std::filesystem::exists(settings_.folder / program); }

  /// One measurement more. A program that cannot do a workload is not asked again.
  void measure(const std::string& program, const std::string& arguments, std::string_view workload,
               int threads, double seconds) {
    const Key key{program + arguments, std::string(workload), threads};
    if (!there(program) || never_.contains(key)) return;
    const std::string t = std::to_string(threads);
    std::ostringstream command;
    command << "OMP_NUM_THREADS=" << t << " OPENBLAS_NUM_THREADS=" << t << " MKL_NUM_THREADS=" << t << " '"
            << (settings_.folder / program).string() << "' " << workload << ' ' << t << ' ' << seconds
            << arguments;
    const auto [text, status] = output_of(command.str());
    if (status != 0) {
      never_.insert(key);
      if (status != 77)
        failures_.push_back(program + arguments + " " + std::string(workload) + ", " + t + " threads: exit " +
                            std::to_string(status));
      return;
    }
    values_[key].push_back(std::atof(text.c_str()));
  }

  /// One number a round, or nothing.
  const std::vector<double>& get(const std::string& program, std::string_view workload, int threads) const {
    static const std::vector<double> none;
    const auto found = values_.find({program, std::string(workload), threads});
    return found == values_.end() ? none : found->second;
  }
  /// The same with the number of threads up to so many that was best in that round.
  std::vector<double> best(const std::string& program, std::string_view workload, int threads) const {
    std::vector<double> best;
    for (const int t : settings_.threads) {
      if (t > threads) break;
      const auto& values = get(program, workload, t);
      if (best.empty()) best = values;
      for (std::size_t r = 0; r < std::min(best.size(), values.size()); ++r)
        best[r] = std::max(best[r], values[r]);
    }
    return best;
  }
  const std::vector<std::string>& failures() const { return failures_; }

 private:
  using Key = std::tuple<std::string, std::string, int>;
  const Settings& settings_;
  std::map<Key, std::vector<double>> values_;
  std::set<Key> never_;
  std::vector<std::string> failures_;
};

std::optional<double> median(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return (values[(n - 1) / 2] + values[n / 2]) / 2;
}
/// The median of the ratios within the rounds.
std::optional<double> ratio(const std::vector<double>& numerators, const std::vector<double>& denominators,
                            double factor = 1) {
  std::vector<double> ratios;
  for (std::size_t r = 0; r < std::min(numerators.size(), denominators.size()); ++r)
    ratios.push_back(factor * numerators[r] / denominators[r]);
  return median(ratios);
}

std::string number(std::optional<double> value, const char* format = "%.2f") {
  if (!value) return "–";
  std::array<char, 64> text;
  std::snprintf(text.data(), text.size(), format, *value);
  return text.data();
}
/// 13.9 M, 127 k, 980
std::string rate(std::optional<double> value) {
  if (!value) return "–";
  const char* unit = *value >= 1e6 ? " M" : *value >= 1e3 ? " k" : "";
  const double x = *value / (*value >= 1e6 ? 1e6 : *value >= 1e3 ? 1e3 : 1);
  return number(x, x < 9.995 ? "%.2f" : x < 99.95 ? "%.1f" : "%.0f") + unit;
}
std::string percent(std::optional<double> value) { return number(value, "%.0f %%"); }

std::string threads_text(int threads) {
  return threads == 1 ? "1 thread" : std::to_string(threads) + " threads";
}

std::vector<Workload> chosen(const Settings& settings) {
  std::vector<Workload> list;
  for (const Workload& w : workloads())
    if (settings.only.empty() ||
        std::any_of(settings.only.begin(), settings.only.end(),
                    [&](const std::string& name) { return w.name.starts_with(name); }))
      list.push_back(w);
  return list;
}

struct Run {
  std::string program, arguments;
  int threads;
};

/// All runs of a workload in each round, every round from another one on, that none is always the first.
void measure_rounds(const Settings& settings, Measurements& all, const std::string& section,
                    const std::vector<Workload>& list, const std::vector<Run>& runs) {
  for (int round = 0; round < settings.rounds; ++round)
    for (const Workload& w : list) {
      if (isatty(STDERR_FILENO))
        std::fprintf(stderr, "\r%s: round %d of %d, %-8s", section.c_str(), round + 1, settings.rounds,
                     std::string(w.name).c_str());
      for (std::size_t i = 0; i < runs.size(); ++i) {
        const Run& run = runs[(i + static_cast<std::size_t>(round)) % runs.size()];
        const double seconds = run.program == "fma_peak" ? settings.seconds / 3 : settings.seconds;
        all.measure(run.program, run.arguments, w.name, run.threads, seconds);
      }
    }
  if (isatty(STDERR_FILENO)) std::fprintf(stderr, "\r%40s\r", "");
}

std::string title(const Settings& settings, const std::string& program) {
  std::string command = "'";
  command.append((settings.folder / program).string()).append("' --version");
  std::string text = output_of(command).first;
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

/// Lamina against the peak and the peers.
void compare_peers(const Settings& settings, Measurements& all, bool use_double) {
  const std::string arguments = use_double ? " --double" : "";
  std::vector<std::string> peers;
  for (const std::string& peer : settings.peers)
    if (all.there("bench_" + peer)) peers.push_back("bench_" + peer);

  std::vector<Run> runs;
  for (const int threads : settings.threads) {
    runs.push_back({"fma_peak", arguments, threads});
    runs.push_back({"bench_lamina", arguments, threads});
    for (const std::string& peer : peers) runs.push_back({peer, arguments, threads});
  }
  const auto list = chosen(settings);
  measure_rounds(settings, all, use_double ? "double" : "float", list, runs);
  std::erase_if(peers, [&](const std::string& peer) {
    return std::all_of(list.begin(), list.end(), [&](const Workload& w) {
      return all.best(peer + arguments, w.name, 1 << 20).empty();
    });
  });

  for (const int threads : settings.threads) {
    std::cout << "\n### " << (use_double ? "double, " : "float, ") << threads_text(threads)
              << "\n\n| | Lamina, samples/s | of the "
              << (threads == 1 ? "core's" : std::to_string(threads) + " cores'") << " peak |";
    for (const std::string& peer : peers) std::cout << " × " << peer.substr(6) << " |";
    std::cout << "\n|---|--:|--:|";
    for (std::size_t i = 0; i < peers.size(); ++i) std::cout << "--:|";
    std::cout << '\n';
    for (const Workload& w : list) {
      const auto& lamina = all.get("bench_lamina" + arguments, w.name, threads);
      std::cout << "| " << w.name << " | " << rate(median(lamina)) << " | "
                << percent(
                       ratio(lamina, all.get("fma_peak" + arguments, w.name, threads), 100 * w.flops() / 1e9))
                << " |";
      for (const std::string& peer : peers)
        std::cout << ' ' << number(ratio(lamina, all.best(peer + arguments, w.name, threads))) << " |";
      std::cout << '\n';
    }
  }

  std::cout << "\n### " << (use_double ? "double" : "float")
            << ", samples/s of everyone\n\n| | threads | peak, GFLOP/s | lamina |";
  for (const std::string& peer : peers) std::cout << ' ' << peer.substr(6) << " |";
  std::cout << "\n|---|--:|--:|--:|";
  for (std::size_t i = 0; i < peers.size(); ++i) std::cout << "--:|";
  std::cout << '\n';
  for (const Workload& w : list)
    for (const int threads : settings.threads) {
      std::cout << "| " << w.name << " | " << threads << " | "
                << number(median(all.get("fma_peak" + arguments, w.name, threads)), "%.0f") << " | "
                << rate(median(all.get("bench_lamina" + arguments, w.name, threads))) << " |";
      for (const std::string& peer : peers)
        std::cout << ' ' << rate(median(all.get(peer + arguments, w.name, threads))) << " |";
      std::cout << '\n';
    }
}

/// The three forms of a network, relative to fixed shapes.
void compare_forms(const Settings& settings, Measurements& all) {
  const std::string fixed = " --form static", runtime = " --form runtime", dynamic = " --form dynamic";
  const auto list = chosen(settings);
  measure_rounds(settings, all, "forms", list,
                 {{"bench_lamina", fixed, 1}, {"bench_lamina", runtime, 1}, {"bench_lamina", dynamic, 1}});
  std::cout << "\n### Forms of a network, float, 1 thread\n\n"
               "| | fixed shapes, samples/s | run-time extents ÷ fixed | DynamicNetwork ÷ fixed "
               "|\n|---|--:|--:|--:|\n";
  for (const Workload& w : list) {
    const auto& reference = all.get("bench_lamina" + fixed, w.name, 1);
    std::cout << "| " << w.name << " | " << rate(median(reference)) << " | "
              << number(ratio(all.get("bench_lamina" + runtime, w.name, 1), reference)) << " | "
              << number(ratio(all.get("bench_lamina" + dynamic, w.name, 1), reference)) << " |\n";
  }
}

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "a processor without a name";
}

/// How many nanoseconds a cache line takes from one thread to another: what threads that share a product wait for. The best of
/// several tries.
double line_transfer() {
  double best = 1e9;
  for (int attempt = 0; attempt < 5; ++attempt) {
    constexpr int turns = 20000;
    alignas(64) std::atomic<int> turn{0};
    std::thread other([&] {
      for (int i = 1; i < turns; i += 2) {
        while (turn.load(std::memory_order_acquire) != i) {
        }
        turn.store(i + 1, std::memory_order_release);
      }
    });
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < turns; i += 2) {
      turn.store(i + 1, std::memory_order_release);
      while (turn.load(std::memory_order_acquire) != i + 2) {
      }
    }
    best = std::min(
        best,
        std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count() / turns);
    other.join();
  }
  return best;
}

std::string today() {
  const std::time_t now = std::time(nullptr);
  std::array<char, 16> text;
  std::strftime(text.data(), text.size(), "%Y-%m-%d", std::gmtime(&now));
  return text.data();
}

/// Returns whether every program that could do its workload has done it.
bool compare(const Settings& settings) {
  Measurements all(settings);
  if (!all.there("bench_lamina") || !all.there("fma_peak"))
    throw std::runtime_error("bench_lamina and fma_peak must lie beside this program");

  std::cout << "## Training, " << today() << "\n\n"
            << processor() << ", " << std::thread::hardware_concurrency() << " cores. "
            << LAMINA_BENCHMARKS_COMPILER << ". " << title(settings, "bench_lamina");
  std::string missing;
  for (const std::string& peer : settings.peers) {
    if (all.there("bench_" + peer)) {
      std::cout << "; " << title(settings, "bench_" + peer);
    } else {
      missing += (missing.empty() ? "" : ", ") + peer;
    }
  }
  std::cout << ".\nMedians of " << settings.rounds << " interleaved rounds of " << settings.seconds
            << " s; “× peer” is how many times as fast as that peer with its best number of threads.\n";
  if (!missing.empty()) std::cout << "Not built, as not installed: " << missing << ".\n";
  if (std::any_of(settings.threads.begin(), settings.threads.end(), [](int n) { return n > 1; }) &&
      std::thread::hardware_concurrency() > 1)
    std::cout << "A cache line takes " << number(line_transfer(), "%.0f")
              << " ns from one core to another.\n";

  if (contains(settings.sections, "float")) compare_peers(settings, all, false);
  if (contains(settings.sections, "double")) compare_peers(settings, all, true);
  if (contains(settings.sections, "forms")) compare_forms(settings, all);

  std::cout << "\n– : the library has no such training step, or did not finish it.\n";
  if (contains(settings.peers, "fann") && all.there("bench_fann"))
    std::cout << "FANN: T1 with plain gradient descent instead of Adam; no ReLU, cross-entropy or "
                 "mini-batches in FANN.\n";
  for (const std::string& failure : all.failures()) std::cout << "Failed: " << failure << ".\n";
  return all.failures().empty();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return compare(settings(argc, argv)) ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << "compare: " << error.what() << '\n';
    return 2;
  }
}
