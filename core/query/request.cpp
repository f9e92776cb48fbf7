#include "query/request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/check.hpp"

namespace bowshot {

namespace {

struct ShapeInfo {
  Shape shape;
  std::string_view name;
};

/// Every shape of the protocol, in the order of `Shape`.
constexpr std::array<ShapeInfo, 9> kShapeTable = {{
    {Shape::kRows, "rows"},
    {Shape::kCount, "count"},
    {Shape::kAggregate, "aggregate"},
    {Shape::kProfile, "profile"},
    {Shape::kValues, "values"},
    {Shape::kHistogram, "histogram"},
    {Shape::kSample, "sample"},
    {Shape::kSeries, "series"},
    {Shape::kDensity, "density"},
}};

constexpr std::array kServedShapes = {Shape::kRows,    Shape::kCount,  Shape::kAggregate,
                                      Shape::kProfile, Shape::kValues, Shape::kHistogram,
                                      Shape::kSample};

}  // namespace

std::string_view shape_name(Shape shape) {
  const auto index = static_cast<size_t>(shape);
  BOWSHOT_CHECK(index < kShapeTable.size() && kShapeTable[index].shape == shape);
  return kShapeTable[index].name;
}

Result<Shape> parse_shape(std::string_view name) {
  const auto known = std::ranges::find(kShapeTable, name, &ShapeInfo::name);
  if (known != kShapeTable.end() &&
      std::ranges::find(kServedShapes, known->shape) != kServedShapes.end())
    return known->shape;

  std::vector<std::string> served;
  for (const Shape shape : kServedShapes) served.emplace_back(shape_name(shape));
  const std::string why = known != kShapeTable.end()
                              ? fmt::format("this version does not serve the shape `{}`", name)
                              : "no shape has that name";
  return fail({.code = ErrorCode::kUnknownShape,
               .detail = fmt::format("{}; served are {}", why, fmt::join(served, ", ")),
               .suggestions = suggest(name, served)});
}

std::span<const Shape> served_shapes() {
  return kServedShapes;
}

}  // namespace bowshot
