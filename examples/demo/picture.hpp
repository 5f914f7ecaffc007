#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "font.hpp"

/// @file
/// A picture in memory with smooth lines, discs and text, which can be written as a PNG file. Lengths are in pixels, y
/// points down, and (0, 0) is the centre of the first pixel.

struct Colour {
  double red = 0, green = 0, blue = 0;  ///< 0 … 1

  friend Colour operator+(Colour a, Colour b) { return {a.red + b.red, a.green + b.green, a.blue + b.blue}; }
  friend Colour operator*(double s, Colour a) { return {s * a.red, s * a.green, s * a.blue}; }
};

/// From a to b as s goes from 0 to 1.
inline Colour mix(Colour a, Colour b, double s) { return (1 - s) * a + s * b; }

class Picture {
 public:
  Picture(int width, int height, Colour background)
      : width_(width), height_(height), pixels_(static_cast<std::size_t>(width * height), background) {}

  int width() const { return width_; }
  int height() const { return height_; }

  /// Covers a part of a pixel, from none (0) to all of it (1).
  void cover(int x, int y, Colour colour, double coverage) {
    if (x < 0 || y < 0 || x >= width_ || y >= height_ || !(coverage > 0)) return;
    Colour& pixel = pixels_[static_cast<std::size_t>(y * width_ + x)];
    pixel = mix(pixel, colour, std::min(coverage, 1.0));
  }

  void line(double x0, double y0, double x1, double y1, double thickness, Colour colour) {
    lines({{x0, y0}, {x1, y1}}, thickness, colour);
  }
  void disc(double x, double y, double radius, Colour colour) { lines({{x, y}}, 2 * radius, colour); }

  /// A line with round joints and ends through the points, each pixel covered once.
  void lines(const std::vector<std::array<double, 2>>& points, double thickness, Colour colour) {
    Strokes strokes(*this);
    for (std::size_t i = 0; i < points.size(); ++i)
      strokes.add(points[i > 0 ? i - 1 : 0], points[i], thickness);
    strokes.draw(colour);
  }

  /// Text in small letters; x is that of its left end (align = 0), middle (0.5) or right end (1), y that of half the
  /// height of a digit; `size` is that height.
  void text(double x, double y, std::string_view words, Colour colour, double size = 12, double align = 0) {
    const double dot = size / 6;
    x -= align * dot * (font::set(words, [](const font::Glyph&, int) {}) - 2);
    y -= 3 * dot;
    Strokes strokes(*this);
    font::set(words, [&](const font::Glyph& glyph, int at) {
      font::for_each_stroke(glyph, [&](int x0, int y0, int x1, int y1) {
        strokes.add({x + dot * (at + x0), y + dot * y0}, {x + dot * (at + x1), y + dot * y1}, 0.9 * dot);
      });
    });
    strokes.draw(colour);
  }

  /// The contents of a PNG file.
  std::string png() const {
    std::string rows;  // each with a leading 0: no filter
    for (int y = 0; y < height_; ++y) {
      rows += '\0';
      for (int x = 0; x < width_; ++x) {
        const Colour& pixel = pixels_[static_cast<std::size_t>(y * width_ + x)];
        for (const double part : {pixel.red, pixel.green, pixel.blue})
          rows += static_cast<char>(std::lround(255 * std::clamp(part, 0.0, 1.0)));
      }
    }
    const std::string header = big_endian(static_cast<std::uint32_t>(width_)) +
                               big_endian(static_cast<std::uint32_t>(height_)) +
                               std::string("\10\2\0\0\0", 5);
    return "\x89PNG\r\n\x1a\n" + chunk("IHDR", header) + chunk("IDAT", zlib(rows)) + chunk("IEND", "");
  }

  /// @throws std::runtime_error when the file cannot be written.
  void write_png(const std::string& path) const {
    std::ofstream file(path, std::ios::binary);
    file << png();
    file.close();
    if (!file) throw std::runtime_error(path + ": cannot be written");
  }

 private:
  /// Line segments drawn as one shape.
  class Strokes {
   public:
    using Point = std::array<double, 2>;

    explicit Strokes(Picture& picture) : picture_(picture) {}

    void add(Point a, Point b, double thickness) { segments_.push_back({a, b, thickness}); }

    void draw(Colour colour) const {
      double left = picture_.width_, right = 0, top = picture_.height_, bottom = 0;
      for (const auto& [a, b, thickness] : segments_) {
        left = std::min({left, a[0] - thickness, b[0] - thickness});
        right = std::max({right, a[0] + thickness, b[0] + thickness});
        top = std::min({top, a[1] - thickness, b[1] - thickness});
        bottom = std::max({bottom, a[1] + thickness, b[1] + thickness});
      }
      const int x0 = std::max(0, static_cast<int>(left) - 1), y0 = std::max(0, static_cast<int>(top) - 1);
      const int width = std::min(picture_.width_ - 1, static_cast<int>(right) + 1) - x0 + 1;
      const int height = std::min(picture_.height_ - 1, static_cast<int>(bottom) + 1) - y0 + 1;
      if (width <= 0 || height <= 0) return;

      std::vector<double> coverage(static_cast<std::size_t>(width * height));
      for (const Segment& segment : segments_) {
        const auto [a, b, thickness] = segment;
        const double reach = thickness / 2 + 1;
        const auto from = [&](double at, int least) {
          return std::max(0, static_cast<int>(at - reach) - least);
        };
        const auto to = [&](double at, int least, int size) {
          return std::min(size - 1, static_cast<int>(at + reach) + 1 - least);
        };
        for (int y = from(std::min(a[1], b[1]), y0); y <= to(std::max(a[1], b[1]), y0, height); ++y)
          for (int x = from(std::min(a[0], b[0]), x0); x <= to(std::max(a[0], b[0]), x0, width); ++x) {
            double& covered = coverage[static_cast<std::size_t>(y * width + x)];
            covered = std::max(covered,
                               std::clamp(thickness / 2 + 0.5 - segment.distance(x0 + x, y0 + y), 0.0, 1.0));
          }
      }
      for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
          picture_.cover(x0 + x, y0 + y, colour, coverage[static_cast<std::size_t>(y * width + x)]);
    }

   private:
    struct Segment {
      Point a, b;
      double thickness;

      double distance(double x, double y) const {
        const double dx = b[0] - a[0], dy = b[1] - a[1], squared_length = std::max(dx * dx + dy * dy, 1e-12);
        const double along = std::clamp(((x - a[0]) * dx + (y - a[1]) * dy) / squared_length, 0.0, 1.0);
        return std::hypot(x - a[0] - along * dx, y - a[1] - along * dy);
      }
    };

    Picture& picture_;
    std::vector<Segment> segments_;
  };

  // PNG: W3C Recommendation, Portable Network Graphics, 2003. zlib: RFC 1950. Blocks that are stored as they are: RFC 1951.

  static std::string big_endian(std::uint32_t n) {
    std::string four;
    for (int shift = 24; shift >= 0; shift -= 8) four += static_cast<char>(n >> shift & 0xff);
    return four;
  }
  static std::string chunk(const std::string& type, const std::string& data) {
    return big_endian(static_cast<std::uint32_t>(data.size())) + type + data + big_endian(crc(type + data));
  }
  static std::uint32_t crc(const std::string& data) {
    std::uint32_t remainder = 0xffffffff;
    for (const char byte : data) {
      remainder ^= static_cast<unsigned char>(byte);
      for (int bit = 0; bit < 8; ++bit) remainder = remainder >> 1 ^ (remainder & 1 ? 0xedb88320 : 0);
    }
    return ~remainder;
  }
  static std::string zlib(const std::string& data) {
    constexpr std::size_t longest = 65535;
    std::string stream = "\x78\x01";
    for (std::size_t begin = 0; begin < data.size(); begin += longest) {
      const std::size_t size = std::min(longest, data.size() - begin), inverted = ~size;
      stream += begin + size == data.size() ? '\1' : '\0';
      for (const std::size_t n : {size, size >> 8, inverted, inverted >> 8})
        stream += static_cast<char>(n & 0xff);
      stream.append(data, begin, size);
    }
    std::uint32_t a = 1, b = 0;  // Adler-32
    for (const char byte : data) {
      a = (a + static_cast<unsigned char>(byte)) % 65521;
      b = (b + a) % 65521;
    }
    return stream + big_endian(b << 16 | a);
  }

  int width_, height_;
  std::vector<Colour> pixels_;
};
