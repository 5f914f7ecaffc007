#pragma once

/// \file
/// The reference cases of optimisers, replayed: the network, the optimiser and the batches of a case, step by step.

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "lamina/optimizers.hpp"
#include "lamina/training/clipping.hpp"
#include "support/case_network.hpp"

namespace replay {

using oracle::json;
using Vector = Eigen::VectorXd;
using Net = lamina::DynamicNetwork<double>;

/// An optimiser of any kind.
struct Stepper {
  std::function<void(Vector& theta, const Vector& gradient)> step;
  std::function<void(double)> set_learning_rate;
  std::function<void(double)> set_momentum;  ///< empty when it has none
};

template <class Optimizer>
Stepper stepper(Optimizer start) {
  const auto optimizer = std::make_shared<Optimizer>(std::move(start));
  Stepper result{[optimizer](Vector& theta, const Vector& gradient) { optimizer->step(theta, gradient); },
                 [optimizer](double rate) { optimizer->learning_rate = rate; },
                 {}};
  if constexpr (requires { optimizer->momentum; })
    result.set_momentum = [optimizer](double momentum) { optimizer->momentum = momentum; };
  return result;
}

/// The optimiser of a case for a network.
inline Stepper optimizer_of(const json& c, const Net& net) {
  using namespace lamina;
  const json& p = c.at("optimizer").at("params");
  const auto name = c.at("optimizer").at("name").get<std::string>();
  const auto get = [&](const char* key, double otherwise) { return p.value(key, otherwise); };
  const double lr = p.at("lr");
  const ParameterSelection decay = p.value("weight_decay_applies_to", "all") == "weights"
                                       ? ParameterSelection(net.parameter_ranges(ParameterKind::weights))
                                       : ParameterSelection();
  // Options that every case of an optimiser names have the defaults of PyTorch here, as a check of ours.
  const auto common = [&](auto o) {
    o.learning_rate = lr;
    if constexpr (requires { o.epsilon; }) o.epsilon = get("eps", o.epsilon);
    if constexpr (requires { o.beta1; }) {
      o.beta1 = get("beta1", o.beta1);
      o.beta2 = get("beta2", o.beta2);
    }
    if constexpr (requires { o.momentum; }) o.momentum = get("momentum", o.momentum);
    if constexpr (requires { o.weight_decay; }) {
      o.weight_decay = get("weight_decay", o.weight_decay);
      o.decay = decay;
    }
    return o;
  };
  if (name == "sgd" || name == "sgd_momentum" || name == "sgd_nesterov") {
    auto o = common(GradientDescent{});
    o.dampening = get("dampening", 0);
    o.nesterov = name == "sgd_nesterov";
    return stepper(o);
  }
  if (name == "adagrad") {
    auto o = common(Adagrad{});
    o.lr_decay = get("lr_decay", o.lr_decay);
    o.initial_accumulator_value = get("initial_accumulator_value", o.initial_accumulator_value);
    return stepper(o);
  }
  if (name == "rmsprop" || name == "rmsprop_centered" || name == "rmsprop_momentum") {
    auto o = common(RMSprop{});
    o.alpha = get("alpha", o.alpha);
    o.centered = name == "rmsprop_centered" || p.value("centered", false);
    return stepper(o);
  }
  if (name == "adadelta") {
    auto o = common(Adadelta{});
    o.rho = get("rho", o.rho);
    return stepper(o);
  }
  if (name == "adam" || name == "amsgrad") {
    auto o = common(Adam{});
    o.amsgrad = name == "amsgrad" || p.value("amsgrad", false);
    return stepper(o);
  }
  if (name == "adamw") {
    auto o = common(AdamW{});
    o.amsgrad = p.value("amsgrad", false);
    return stepper(o);
  }
  if (name == "adamax") return stepper(common(Adamax{}));
  if (name == "nadam") {
    auto o = common(NAdam{});
    o.momentum_decay = get("momentum_decay", o.momentum_decay);
    return stepper(o);
  }
  if (name == "radam") return stepper(common(RAdam{}));
  if (name == "lion") return stepper(common(Lion{}));
  if (name == "rprop") {
    auto o = common(Rprop{});
    o.eta_minus = get("eta_minus", o.eta_minus);
    o.eta_plus = get("eta_plus", o.eta_plus);
    o.step_min = get("step_min", o.step_min);
    o.step_max = get("step_max", o.step_max);
    return stepper(o);
  }
  throw std::runtime_error("unknown optimizer " + name);
}

/// F and dF/dθ of a network on some rows of a case; all when there are none named.
using Objective = std::function<double(Net&, const std::vector<int>& rows, Vector& gradient)>;

inline Objective objective_of(const json& c, const Net& net) {
  const Eigen::MatrixXd X = oracle::matrix(c.at("X")), Y = oracle::targets(c, net.outputs());
  Objective result;
  const bool known = oracle::with_loss(c.at("loss"), [&](const auto& loss) {
    const auto workspace = std::make_shared<Net::Workspace>(net.workspace());
    result = [=](Net& network, const std::vector<int>& rows, Vector& gradient) {
      const auto of = [&](const Eigen::MatrixXd& M) {
        if (rows.empty()) return M;
        Eigen::MatrixXd some(static_cast<Eigen::Index>(rows.size()), M.cols());
        for (std::size_t i = 0; i < rows.size(); ++i) some.row(static_cast<Eigen::Index>(i)) = M.row(rows[i]);
        return some;
      };
      const double F = network.loss_and_gradient(of(X), of(Y), loss, *workspace);
      gradient = workspace->gradient;
      return F;
    };
  });
  if (!known) throw std::runtime_error("unknown loss");
  return result;
}

/// The rate of step k, from 0, which may depend on the losses so far.
struct Schedule {
  std::function<double(std::size_t k, const std::vector<double>& losses)> lr_at = {};
  std::function<double(std::size_t k)> momentum_at = {};
};

/// Replays a case, and checks the losses, rates, gradient norms and weights on the way.
inline void check_case(const json& c, const Schedule& schedule = {}) {
  auto [net, place] = oracle::network(c);
  const auto t = oracle::tolerance(c);
  const auto close = [&](const char* what, double got, const json& want) {
    CAPTURE(what, got, want);
    CHECK(std::abs(got - want.get<double>()) <= t.abs + t.rel * std::abs(want.get<double>()));
  };
  const auto check_weights = [&, &network = net, &places = place](const json& want) {
    for (std::size_t l = 0; l < places.size(); ++l) {
      oracle::check_array("W", network.weights(places[l]), oracle::matrix(want[l]["W"]), t);
      if (want[l].contains("b") && !want[l]["b"].empty())
        oracle::check_array("b", network.bias(places[l]), oracle::matrix(want[l]["b"]), t);
    }
  };
  const Stepper optimizer = optimizer_of(c, net);
  const Objective objective = objective_of(c, net);
  const auto ranges = net.parameter_ranges();
  lamina::Clipping clipping;
  if (c.contains("clip")) {
    const json& clip = c["clip"];
    if (clip.at("type") == "value") clipping.value = clip.at("max_value");
    if (clip.at("type") == "norm") clipping.norm = clip.at("max_norm");
    if (clip.at("type") == "global_norm") clipping.global_norm = clip.at("max_norm");
    REQUIRE(clipping.any());
  }

  const json& trajectory = c.at("trajectory");
  const std::size_t steps = c["optimizer"]["steps"];
  REQUIRE(trajectory.size() == steps + 1);
  std::vector<double> losses;
  Vector gradient;
  for (std::size_t k = 0; k < steps; ++k) {
    CAPTURE(k);
    if (schedule.lr_at) {
      const double rate = schedule.lr_at(k, losses);
      close("lr", rate, trajectory[k]["lr"]);
      // Optimisers ask for a rate above 0. With this one nothing moves.
      optimizer.set_learning_rate(std::max(rate, std::numeric_limits<double>::min()));
    }
    if (schedule.momentum_at) optimizer.set_momentum(schedule.momentum_at(k));
    const auto rows = c.contains("batches") ? c["batches"][k].get<std::vector<int>>() : std::vector<int>();
    losses.push_back(objective(net, rows, gradient));
    close("loss", losses.back(), trajectory[k]["loss"]);
    close("grad_norm", clipping.apply(ranges, gradient), trajectory[k]["grad_norm"]);
    optimizer.step(net.parameters(), gradient);
    for (const json& checkpoint : c.value("checkpoints", json::array()))
      if (checkpoint.at("after_steps") == k + 1) check_weights(checkpoint.at("weights"));
  }
  close("last loss", objective(net, {}, gradient), trajectory[steps]["loss"]);
  check_weights(c.at("final_weights"));
}

}  // namespace replay
