// What scripts/compile-time.sh compares with: Eigen alone, one product of run-time size.

#include <Eigen/Dense>
#include <cstdlib>
#include <iostream>

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: eigen <m> <n> <p>\n";
    return 2;
  }
  const Eigen::Index m = std::atoi(argv[1]), n = std::atoi(argv[2]), p = std::atoi(argv[3]);
  const Eigen::MatrixXf A = Eigen::MatrixXf::Random(m, n), B = Eigen::MatrixXf::Random(n, p);
  const Eigen::MatrixXf C = A * B;
  std::cout << C.sum() << '\n';
}
