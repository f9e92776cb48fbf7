#include <gtest/gtest.h>

#include "shape/test_dataset.hpp"

namespace bowshot {
namespace {

using Kind = ColumnReference::Kind;

class MakePlan : public AwkwardDataset {};

const ColumnReference* reference_of(const ExpressionPtr& expression) {
  return std::get_if<ColumnReference>(&expression->node);
}

TEST_F(MakePlan, RowsHaveEveryColumnThenTheComputedOnes) {
  const auto planned = plan(Shape::kRows, "compute=double:id*2,quadruple:double*2");
  ASSERT_TRUE(planned) << planned.error().detail;
  EXPECT_EQ((*planned)->kind, Plan::Kind::kRows);
  EXPECT_EQ((*planned)->schema->field_names(),
            (std::vector<std::string>{"id", "a", "A", "x", "tags", "place", "kind", "_row",
                                      "double", "quadruple"}));
  ASSERT_EQ((*planned)->select.size(), 10U);
  for (int i = 0; i < 8; ++i) {
    const ColumnReference* reference = reference_of((*planned)->select[size_t(i)].expression);
    ASSERT_TRUE(reference);
    EXPECT_EQ(reference->kind, Kind::kDataset);
    EXPECT_EQ(reference->index, i);
    EXPECT_TRUE((*planned)->schema->field(i)->Equals(dataset_->schema()->field(i)));
  }
  EXPECT_EQ(reference_of((*planned)->select[9].expression)->kind, Kind::kComputed);
  EXPECT_EQ(reference_of((*planned)->select[9].expression)->index, 1);
  EXPECT_EQ((*planned)->computed.size(), 2U);
  EXPECT_FALSE((*planned)->filter);
  EXPECT_TRUE((*planned)->order.empty());
}

TEST_F(MakePlan, RowsKeepTheSelectsOrderTypesAndNulls) {
  EXPECT_EQ(schema_of(Shape::kRows, "select=A,id,_row,a,y&compute=y:id/2"),
            "A: string, id: int64 not null, _row: int64 not null, a: int32, y: double");
  EXPECT_EQ(
      schema_of(Shape::kRows, "select=kind,place"),
      "kind: dictionary<values=string, indices=int32, ordered=0>, place: struct<lon: double>");
}

TEST_F(MakePlan, RowNumberAndAColumnOfItsName) {
  EXPECT_EQ(schema_of(Shape::kRows, "select=_row"), "_row: int64 not null");
  EXPECT_EQ(schema_of(Shape::kRows, "select=%22_row%22"), "_row: string");
  const auto planned = plan(Shape::kRows, "order=-_row,%22_row%22");
  ASSERT_TRUE(planned) << planned.error().detail;
  EXPECT_EQ(reference_of((*planned)->order[0].expression)->kind, Kind::kRowNumber);
  EXPECT_TRUE((*planned)->order[0].descending);
  EXPECT_EQ(reference_of((*planned)->order[1].expression)->kind, Kind::kDataset);
  EXPECT_FALSE((*planned)->order[1].descending);
}

TEST_F(MakePlan, CarriesFilterOffsetAndLimit) {
  const auto planned = plan(Shape::kRows, "filter=y+%3E+1&compute=y:id*2&skip=3&limit=4");
  ASSERT_TRUE(planned) << planned.error().detail;
  ASSERT_TRUE((*planned)->filter);
  EXPECT_TRUE((*planned)->filter->type->Equals(*arrow::boolean()));
  EXPECT_EQ((*planned)->offset, 3);
  EXPECT_EQ((*planned)->limit, 4);
  EXPECT_EQ((*planned)->dataset, dataset_);
}

TEST_F(MakePlan, CountIsOneNumber) {
  const auto planned = plan(Shape::kCount, "filter=id+%3E+1");
  ASSERT_TRUE(planned) << planned.error().detail;
  EXPECT_EQ((*planned)->kind, Plan::Kind::kAggregate);
  EXPECT_TRUE((*planned)->keys.empty());
  ASSERT_EQ((*planned)->measures.size(), 1U);
  EXPECT_EQ((*planned)->measures[0].function, MeasureFunction::kCountRows);
  EXPECT_TRUE((*planned)->filter);
  EXPECT_EQ((*planned)->limit, std::nullopt);
  EXPECT_EQ(schema_of(Shape::kCount, ""), "count: int64 not null");
}

TEST_F(MakePlan, AggregateHasKeysThenMeasures) {
  EXPECT_EQ(schema_of(Shape::kAggregate, ""), "count: int64 not null");
  EXPECT_EQ(schema_of(Shape::kAggregate, "by=id,tenth:bin(x,0.1)"),
            "id: int64, tenth: double, count: int64 not null");
  EXPECT_EQ(schema_of(Shape::kAggregate,
                      "by=A&measures=sum(a),mean(x),n:count(),count(a),count_distinct(a),"
                      "approx_count_distinct(a),top:max(A)"),
            "A: string, sum_a: int64, mean_x: double, n: int64 not null, "
            "count_a: int64 not null, count_distinct_a: int64 not null, "
            "approx_count_distinct_a: int64 not null, top: string");
}

TEST_F(MakePlan, AggregateIsOrderedByItsOwnColumns) {
  const auto planned = plan(Shape::kAggregate, "by=a,A&measures=n:count()&order=-n,A&limit=3");
  ASSERT_TRUE(planned) << planned.error().detail;
  ASSERT_EQ((*planned)->order.size(), 2U);
  EXPECT_EQ((*planned)->order[0].output, 2);
  EXPECT_TRUE((*planned)->order[0].descending);
  EXPECT_EQ((*planned)->order[1].output, 1);
  EXPECT_EQ((*planned)->limit, 3);
}

struct BadCase {
  Shape shape;
  std::string_view query;
  ErrorCode code;
  std::string_view parameter;
  std::optional<int64_t> position;
};
void PrintTo(const BadCase& bad, std::ostream* out) {
  *out << shape_name(bad.shape) << '?' << bad.query;
}

class BadPlan : public AwkwardDataset, public testing::WithParamInterface<BadCase> {};

TEST_P(BadPlan, IsRefused) {
  const BadCase& bad = GetParam();
  const auto planned = plan(bad.shape, bad.query);
  ASSERT_FALSE(planned);
  EXPECT_EQ(error_info(planned.error().code).name, error_info(bad.code).name)
      << planned.error().detail;
  EXPECT_EQ(planned.error().parameter, bad.parameter);
  EXPECT_EQ(planned.error().position, bad.position);
}

using enum ErrorCode;
using enum Shape;

INSTANTIATE_TEST_SUITE_P(
    Rows, BadPlan,
    testing::Values(BadCase{kRows, "select=id,b", kUnknownColumn, "select", 3},
                    BadCase{kRows, "select=ID", kUnknownColumn, "select", 0},
                    BadCase{kRows, "order=id,-nothing", kUnknownColumn, "order", 4},
                    BadCase{kRows, "order=tags", kTypeMismatch, "order", 0},
                    BadCase{kRows, "order=id,-place", kTypeMismatch, "order", 4},
                    BadCase{kRows, "filter=id+%3E+'a'", kTypeMismatch, "filter", 5},
                    BadCase{kRows, "filter=id", kTypeMismatch, "filter", 0},
                    BadCase{kRows, "filter=nothing+%3E+1", kUnknownColumn, "filter", 0},
                    BadCase{kCount, "filter=nothing+%3E+1", kUnknownColumn, "filter", 0},
                    BadCase{kCount, "compute=y:nothing", kUnknownColumn, "compute", 2},
                    BadCase{kRows, "compute=id:a", kBadParameter, "compute", 0},
                    BadCase{kRows, "compute=y:a,y:id", kBadParameter, "compute", 4}));

INSTANTIATE_TEST_SUITE_P(
    Aggregate, BadPlan,
    testing::Values(BadCase{kAggregate, "by=nothing", kUnknownColumn, "by", 0},
                    BadCase{kAggregate, "by=id,id", kBadParameter, "by", 3},
                    BadCase{kAggregate, "by=id,id:bin(a,10)", kBadParameter, "by", 3},
                    BadCase{kAggregate, "measures=mean(x),mean(x)", kBadParameter, "measures", 8},
                    BadCase{kAggregate, "by=n:a&measures=n:count()", kBadParameter, "measures", 0},
                    BadCase{kAggregate, "by=count:a", kBadParameter, "measures", std::nullopt},
                    BadCase{kAggregate, "measures=mean(nothing)", kUnknownColumn, "measures", 5},
                    BadCase{kAggregate, "measures=mean(A)", kTypeMismatch, "measures", 5},
                    BadCase{kAggregate, "by=a&order=id", kUnknownColumn, "order", 0},
                    BadCase{kAggregate, "by=a&order=a,-conut", kUnknownColumn, "order", 3}));

TEST_F(MakePlan, SuggestsWhatTheOrderMayHaveMeant) {
  const auto planned = plan(Shape::kAggregate, "by=a&order=-conut");
  ASSERT_FALSE(planned);
  EXPECT_EQ(planned.error().suggestions, std::vector<std::string>{"count"});
}

TEST_F(MakePlan, ErrorsOfJsonRequestsPointAtTheItem) {
  struct PointerCase {
    std::string_view shape;
    std::string_view members;
    ErrorCode code;
    std::string_view parameter;
    std::string_view pointer;
    int64_t position;
  };
  using enum ErrorCode;
  const PointerCase cases[] = {
      {"rows", R"j("select":["id","nope"])j", kUnknownColumn, "select", "/select/1", 0},
      {"rows", R"j("select":"id,nope")j", kUnknownColumn, "select", "/select", 3},
      {"rows", R"j("order":["id","-tags"])j", kTypeMismatch, "order", "/order/1", 1},
      {"rows", R"j("compute":["y:id*2","z:A+1"])j", kTypeMismatch, "compute", "/compute/1", 2},
      {"rows", R"j("compute":{"y":"id*2","a/b":"nope"})j", kUnknownColumn, "compute",
       "/compute/a~1b", 0},
      {"rows", R"j("compute":["id:id*2"])j", kBadParameter, "compute", "/compute/0", 0},
      {"rows", R"j("filter":"id > 1 AND A > 2")j", kTypeMismatch, "filter", "/filter", 15},
      {"aggregate", R"j("by":["a","bin(A,2)"])j", kTypeMismatch, "by", "/by/1", 4},
      {"aggregate", R"j("measures":["count()","sum(A)"])j", kTypeMismatch, "measures",
       "/measures/1", 4},
      {"aggregate", R"j("measures":{"n":"count()","m":"summ(a)"})j", kBadParameter, "measures",
       "/measures/m", 0},
      {"aggregate", R"j("measures":["sum(a)","sum(a)"])j", kBadParameter, "measures", "/measures/1",
       0},
      {"aggregate", R"j("by":["a"],"order":["count","nope"])j", kUnknownColumn, "order", "/order/1",
       0},
  };
  for (const auto& [shape, members, code, parameter, pointer, position] : cases) {
    SCOPED_TRACE(members);
    const std::string body = R"({"dataset":"awkward","shape":")" + std::string(shape) + "\"," +
                             std::string(members) + "}";
    const auto request = parse_json_request(body, Limits{});
    ASSERT_TRUE(request) << request.error().detail;
    const auto planned = make_plan(*request, dataset_);
    ASSERT_FALSE(planned);
    EXPECT_EQ(planned.error().code, code) << planned.error().detail;
    EXPECT_EQ(planned.error().parameter, parameter);
    EXPECT_EQ(planned.error().pointer, pointer);
    EXPECT_EQ(planned.error().position, position);
  }
}

TEST_F(MakePlan, ErrorsOfUrlRequestsHaveNoPointer) {
  for (const std::string_view query : {"select=nope", "order=tags", "filter=nope%3E1"})
    EXPECT_EQ(plan(Shape::kRows, query).error().pointer, "") << query;
}

}  // namespace
}  // namespace bowshot
