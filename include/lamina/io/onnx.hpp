// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

/// @file
/// ONNX models, written and read. They need the CMake target lamina::onnx.

#include "lamina/io/onnx_export.hpp"
#include "lamina/io/onnx_import.hpp"
