// The reference cases: 50 updates of gradient descent whose rate follows a schedule.

#include <cmath>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "lamina/schedules.hpp"
#include "support/case_network.hpp"

using namespace lamina;

namespace {

LearningRateSchedule schedule_of(const oracle::json& c) {
  const auto name = c.at("name").get<std::string>();
  const auto& p = c.at("params");
  if (name == "step") return per_step(StepDecay{.step_size = p.at("step_size"), .gamma = p.at("gamma")});
  if (name == "multistep")
    return per_step(MultiStepDecay{.milestones = p.at("milestones"), .gamma = p.at("gamma")});
  if (name == "exponential") return per_step(ExponentialDecay{.gamma = p.at("gamma")});
  if (name == "polynomial")
    return per_step(PolynomialDecay{.total_iters = p.at("total_iters"), .power = p.at("power")});
  if (name == "inverse_time") return per_step(InverseTimeDecay{.decay = p.at("decay")});
  if (name == "cosine") return per_step(CosineAnnealing{.T_max = p.at("T_max"), .eta_min = p.at("eta_min")});
  if (name == "cosine_warm_restarts")
    return per_step(
        CosineWarmRestarts{.T_0 = p.at("T_0"), .T_mult = p.at("T_mult"), .eta_min = p.at("eta_min")});
  if (name == "linear_warmup")
    return per_step(LinearWarmup{.start_factor = p.at("start_factor"), .total_iters = p.at("total_iters")});
  if (name == "one_cycle") {
    OneCycle s{.max_lr = p.at("max_lr"), .total_steps = p.at("total_steps"), .pct_start = p.at("pct_start")};
    s.anneal_strategy = p.at("anneal_strategy") == "cos" ? AnnealStrategy::cos : AnnealStrategy::linear;
    s.div_factor = p.at("div_factor");
    s.final_div_factor = p.at("final_div_factor");
    s.three_phase = p.at("three_phase");
    s.cycle_momentum = p.at("cycle_momentum");
    s.base_momentum = p.value("base_momentum", s.base_momentum);
    s.max_momentum = p.value("max_momentum", s.max_momentum);
    return per_step(s);
  }
  if (name == "plateau") {
    ReduceOnPlateau s{.mode = p.at("mode") == "min" ? PlateauMode::min : PlateauMode::max,
                      .factor = p.at("factor")};
    s.patience = p.at("patience");
    s.threshold = p.at("threshold");
    s.threshold_mode = p.at("threshold_mode") == "rel" ? ThresholdMode::rel : ThresholdMode::abs;
    s.cooldown = p.at("cooldown");
    s.min_lr = p.at("min_lr");
    s.eps = p.at("eps");
    return per_step(s);
  }
  throw std::runtime_error("unknown schedule " + name);
}

/// The updates of a case by θ ← θ − α·v, v ← β·v + dF/dθ. Where `moves` the schedule is handed over to another after
/// every update, as a checkpoint would do it.
void replay(const oracle::json& c, bool moves) {
  const auto t = oracle::tolerance(c);
  const auto& params = c["optimizer"]["params"];
  auto network = oracle::network(c);
  auto& net = network.net;
  auto workspace = net.workspace();
  LearningRateSchedule schedule = schedule_of(c["schedule"]);
  const double base = params["lr"];
  Eigen::VectorXd v = Eigen::VectorXd::Zero(net.parameters().size());
  const auto close = [&](double got, double want) {
    return std::abs(got - want) <= t.abs + t.rel * std::abs(want);
  };
  const Eigen::MatrixXd X = oracle::matrix(c["X"]);
  const auto train = [&](const auto& loss, const Eigen::MatrixXd& Y) {
    for (Index k = 0; k < c["optimizer"]["steps"]; ++k) {
      const auto& want = c["trajectory"][static_cast<std::size_t>(k)];
      const double F = net.loss_and_gradient(X, Y, loss, workspace);
      const double rate = schedule.before_step(base, k, 0);
      CAPTURE(k, F, rate, want.dump());
      CHECK(close(F, want["loss"]));
      CHECK(close(rate, want["lr"]));
      double momentum = params.value("momentum", 0.0);
      const std::optional<double> cycled = schedule.momentum(k, 0);
      CHECK(cycled.has_value() == want.contains("momentum"));
      if (cycled) {
        CHECK(close(*cycled, want["momentum"]));
        momentum = *cycled;
      }
      v = momentum * v + workspace.gradient;
      net.parameters() -= rate * v;
      schedule.after_step(F);
      schedule.after_epoch(-1);  // not what this schedule listens to
      if (moves) {
        LearningRateSchedule other = schedule_of(c["schedule"]);
        other.set_state(schedule.state());
        schedule = other;
      }
    }
    CHECK(close(net.loss(X, Y, loss), c["trajectory"].back()["loss"]));
  };
  REQUIRE(oracle::with_loss(c["loss"],
                            [&](const auto& loss) { train(loss, oracle::targets(c, net.outputs())); }));
  for (std::size_t l = 0; l < network.place.size(); ++l) {
    oracle::check_array("W", net.weights(network.place[l]), oracle::matrix(c["final_weights"][l]["W"]), t);
    oracle::check_array("b", net.bias(network.place[l]), oracle::matrix(c["final_weights"][l]["b"]), t);
  }
}

}  // namespace

TEST_CASE("schedules against the reference cases", "[schedules][oracle]") {
  LAMINA_NEEDS_ORACLE();
  for (const std::string& name : oracle::names("optimizers", "schedule_")) {
    INFO(name);
    const auto c = oracle::load("optimizers", name);
    for (const bool moves : {false, true}) {
      CAPTURE(moves);
      replay(c, moves);
    }
  }
}
