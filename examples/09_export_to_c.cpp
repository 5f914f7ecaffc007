// A regression trained here, to run on a microcontroller: one C header without any library, exact or with weights of a
// byte each.

#include <cmath>
#include <iostream>
#include <lamina/io/c_header.hpp>
#include <lamina/lamina.hpp>

using namespace lamina;

/// The voltage over a thermistor in a divider, in volts, at temperature T in °C: R = 10 kΩ·exp(3950·(1/K − 1/298.15)).
float voltage(float T) {
  const float R = 10 * std::exp(3950 * (1 / (T + 273.15f) - 1 / 298.15f));
  return 3.3f * R / (R + 10);
}

int main() {
  // What is measured: two thermistors, one of which heats up with the board. What is wanted: the temperature outside.
  constexpr Index m = 2000;
  Random random(1);
  Eigen::MatrixXf X(m, 2), Y(m, 1);
  for (Index i = 0; i < m; ++i) {
    const auto outside = static_cast<float>(random.uniform(-20, 60)),
               heat = static_cast<float>(random.uniform(0, 30));
    X.row(i) << voltage(outside + 0.3f * heat), voltage(outside + heat);
    Y(i) = outside;
  }

  // The scaling travels inside the model: the header takes volts and gives degrees.
  using Model = Network<float, Normalization<2>, Dense<2, 16, Tanh>, Dense<16, 16, Tanh>, Dense<16, 1>,
                        Normalization<1>>;
  Model net(Normalization<2>::standardize(X), {}, {}, {}, Normalization<1>::standardize(Y).inverse());
  net.initialize(1);
  fit(net, X, Y, MeanSquaredError{}, Adam{.learning_rate = 3e-3},
      FitOptions{.epochs = 200, .batch_size = 50, .seed = 1});
  const float error = std::sqrt(net.loss(X, Y, MeanSquaredError{}));
  std::cout << "temperature outside: root mean square error " << error << " K\n";

  const CExport exact = export_c(net, "thermometer.h", {.name = "thermometer", .calibration = X});
  const CExport small =
      export_c(net, "thermometer8.h", {.name = "thermometer8", .weights = CWeights::int8, .calibration = X});
  std::cout << "thermometer.h:  " << exact.constant_bytes << " bytes of constants, " << exact.scratch_bytes
            << " bytes of stack\n"
            << "thermometer8.h: " << small.constant_bytes << " bytes of constants, " << small.scratch_bytes
            << " bytes of stack; differs by at most " << small.largest_error << " K\n\n"
            << "In C:\n\n"
               "  #include \"thermometer.h\"\n"
               "  float volts[thermometer_inputs] = {1.7f, 1.5f}, celsius[thermometer_outputs];\n"
               "  if (thermometer_selftest() != 0) return 1;\n"
               "  thermometer_predict(volts, celsius);\n";
  return error < 0.5f && small.largest_error < 5 && small.constant_bytes < exact.constant_bytes ? 0 : 1;
}
