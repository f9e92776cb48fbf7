#include "view/view_store.hpp"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <future>

#include "query/literal.hpp"
#include "source/test_files.hpp"

namespace bowshot {
namespace {

using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;

/// Builds orders of as many rows as it is told, when it is let.
class FakeBuilder : public ViewBuilder {
 public:
  Result<View> build(const ViewRequest& request, const BuildContext& context) override {
    ++begun;
    *context.rows_done = 1;
    context.steps->expect(3);
    context.steps->add(1);
    if (reserved > 0) BOWSHOT_TRY(context.take_room(reserved));
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, context.stop.std_token(), 30s, [&] { return is_open_; });
    if (context.stop.stop_requested()) {
      ++stopped;
      return fail(context.stop.error());
    }
    if (failure) return fail(*failure);
    if (request.kind == ViewKind::kMatchCounts) return MatchCounts(10, {0, 3});
    return RowOrder(std::vector<uint32_t>(rows, 7));
  }
  void open(bool is_open = true) {
    const std::lock_guard lock(mutex_);
    is_open_ = is_open;
    changed_.notify_all();
  }

  std::atomic<int> begun = 0;
  std::atomic<int> stopped = 0;
  std::atomic<size_t> rows = 100;
  std::atomic<int64_t> reserved = 0;
  std::optional<Error> failure;

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool is_open_ = false;
};

/// Polls, for what the store does on its own threads has no event of its own.
bool soon(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

class ViewStoreTest : public testing::Test {
 protected:
  void SetUp() override { dataset_ = make_dataset("x"); }
  void TearDown() override {
    builder_.open();
    if (store_) store_->stop();
  }

  void make(int64_t bytes_max, std::chrono::milliseconds grace = 30s) {
    store_ = std::make_unique<ViewStore>(ViewStore::Options{.bytes_max = bytes_max, .grace = grace},
                                         &builder_);
    store_->start();
  }

  std::shared_ptr<const Dataset> make_dataset(const std::string& name) {
    arrow::Int64Builder values;
    EXPECT_TRUE(values.AppendValues({1, 2, 3}).ok());
    const auto table = arrow::Table::Make(arrow::schema({arrow::field("a", arrow::int64())}),
                                          {values.Finish().ValueOrDie()});
    write_parquet(*table, folder_ / (name + ".parquet"));
    return *Dataset::make(name, {folder_ / (name + ".parquet")});
  }

  /// The order by a column, of rows for which `a = value`.
  static ViewRequest order_of(const std::shared_ptr<const Dataset>& dataset, int64_t value) {
    Plan plan;
    plan.dataset = dataset;
    const auto column = make_column(arrow::int64(), {.index = 0});
    plan.filter = make_call(arrow::boolean(), Function::kEqual,
                            {column, make_grid_literal(arrow::int64(), value)});
    plan.order = {{.expression = column, .descending = true}};
    return row_order_request(plan);
  }
  ViewRequest order(int64_t value) const { return order_of(dataset_, value); }

  auto get_later(const ViewRequest& request, const StopToken& stop) {
    return std::async(std::launch::async, [=, this] { return store_->get(request, stop); });
  }

  TemporaryFolder folder_;
  std::shared_ptr<const Dataset> dataset_;
  FakeBuilder builder_;
  std::unique_ptr<ViewStore> store_;
};

TEST_F(ViewStoreTest, IsBuiltOnceForAllWhoAsk) {
  make(1 << 20);
  std::vector<std::future<Result<ViewStore::Shared>>> askers;
  for (int i = 0; i < 8; ++i) askers.push_back(get_later(order(1), {}));
  EXPECT_TRUE(soon([&] { return builder_.begun == 1 && store_->counts().misses == 8; }));
  EXPECT_EQ(store_->counts().builds_running, 1);
  EXPECT_EQ(store_->counts().builds_unattended, 0);
  builder_.open();
  for (auto& asker : askers) EXPECT_EQ(view_rows(**asker.get()), 100);
  EXPECT_EQ(builder_.begun, 1);
  EXPECT_TRUE(store_->find(order(1).key));
  EXPECT_EQ(store_->counts().hits, 1);
  EXPECT_EQ(store_->counts().views, 1);
}

TEST_F(ViewStoreTest, EndsWithTheLastWhoWaits) {
  make(1 << 20);
  StopSource first;
  StopSource second;
  auto one = get_later(order(1), first.token());
  auto other = get_later(order(1), second.token());
  ASSERT_TRUE(soon([&] { return builder_.begun == 1 && store_->counts().misses == 2; }));
  first.request_stop(StopReason::kClientLeft);
  EXPECT_EQ(one.get().error().code, ErrorCode::kCancelled);
  EXPECT_EQ(builder_.stopped, 0);
  second.request_stop(StopReason::kClientLeft);
  EXPECT_EQ(other.get().error().code, ErrorCode::kCancelled);
  EXPECT_EQ(builder_.stopped, 1) << "who ends it waits until it is idle";
  EXPECT_EQ(store_->counts().builds_cancelled, 1);
  builder_.open();
  EXPECT_TRUE(store_->get(order(1), {})) << "the next one begins another";
  EXPECT_EQ(builder_.begun, 2);
}

TEST_F(ViewStoreTest, WhatIsWantedGoesOnForAWhile) {
  make(1 << 20, 50ms);
  store_->want(order(1));
  EXPECT_TRUE(soon([&] { return builder_.begun == 1; }));
  EXPECT_TRUE(soon([&] { return builder_.stopped == 1; }));
  EXPECT_TRUE(soon([&] { return store_->counts().builds_running == 0; }));
  EXPECT_EQ(store_->counts().builds_cancelled, 1);

  make(1 << 20, 30s);
  store_->want(order(1));
  store_->want(order(1));
  StopSource asker;
  auto left = get_later(order(1), asker.token());
  ASSERT_TRUE(soon([&] { return store_->counts().misses == 1; }));
  asker.request_stop(StopReason::kClientLeft);
  EXPECT_FALSE(left.get());
  EXPECT_TRUE(soon([&] { return store_->counts().builds_unattended == 1; }));
  builder_.open();
  EXPECT_TRUE(soon([&] { return store_->peek(order(1).key) != nullptr; }));
  EXPECT_EQ(builder_.begun, 2);
}

TEST_F(ViewStoreTest, KeepsTheLatestWithinItsBytes) {
  make(1'200);  // two orders of 400 bytes and their keys
  builder_.open();
  for (const int64_t value : {1, 2}) ASSERT_TRUE(store_->get(order(value), {}));
  ASSERT_TRUE(store_->find(order(1).key));
  ASSERT_TRUE(store_->get(order(3), {}));
  EXPECT_FALSE(store_->find(order(2).key));
  EXPECT_TRUE(store_->find(order(1).key));
  EXPECT_EQ(store_->counts().evictions, 1);
  EXPECT_LE(store_->counts().bytes, 1'200);
  builder_.rows = 301;
  const auto refused = store_->get(order(4), {});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().detail.find("1204 bytes; view_bytes is 1200"), std::string::npos);
  EXPECT_EQ(store_->counts().views, 2);
}

TEST_F(ViewStoreTest, BuildsTakeTheirRoomBeforeTheyFillIt) {
  make(1'200);
  builder_.open();
  ASSERT_TRUE(store_->get(order(1), {}));
  builder_.open(false);
  builder_.reserved = 1'000;
  auto first = get_later(order(2), {});
  ASSERT_TRUE(soon([&] { return store_->counts().bytes_building == 1'000; }));
  EXPECT_EQ(store_->counts().evictions, 1) << "what is kept makes room for what is built";
  EXPECT_EQ(store_->list("x", dataset_->version()).at(0).bytes, 1'000);
  StopSource leaver;
  auto second = get_later(order(3), leaver.token());
  ASSERT_TRUE(soon([&] { return builder_.begun == 3; }));
  EXPECT_EQ(store_->counts().bytes_building, 1'000) << "there is no room for two";
  leaver.request_stop(StopReason::kClientLeft);
  EXPECT_EQ(second.get().error().code, ErrorCode::kCancelled) << "who waits for room can leave";
  auto third = get_later(order(4), {});
  builder_.open();
  EXPECT_TRUE(first.get());
  EXPECT_TRUE(third.get()) << "its turn came";
  EXPECT_EQ(store_->counts().bytes_building, 0);
  builder_.reserved = 1'201;
  const auto refused = store_->get(order(5), {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kOutOfMemory);
  EXPECT_NE(refused.error().detail.find("1201 bytes"), std::string::npos);
  EXPECT_NE(refused.error().detail.find("view_bytes is 1200"), std::string::npos);
}

TEST_F(ViewStoreTest, AFailureStandsForAWhile) {
  make(1 << 20);
  builder_.open();
  builder_.failure = Error{.code = ErrorCode::kOverflow, .detail = "too great"};
  EXPECT_EQ(store_->get(order(1), {}).error().code, ErrorCode::kOverflow);
  EXPECT_EQ(store_->get(order(1), {}).error().detail, "too great");
  EXPECT_EQ(builder_.begun, 1);
  EXPECT_EQ(store_->list("x", dataset_->version()).at(0).state, ViewStatus::State::kFailed);
}

TEST_F(ViewStoreTest, GoesWithItsVersion) {
  make(1 << 20);
  builder_.open();
  auto other = make_dataset("y");
  ASSERT_TRUE(store_->get(order_of(other, 1), {}));
  ASSERT_TRUE(store_->get(order(1), {}));
  EXPECT_EQ(store_->list("y", other->version()).size(), 1U);
  const auto both = store_->counts().bytes;
  other.reset();
  EXPECT_EQ(store_->counts().views, 1);
  EXPECT_LT(store_->counts().bytes, both);
  ASSERT_TRUE(store_->get(order(2), {}));
  EXPECT_EQ(store_->counts().views, 2);
}

TEST_F(ViewStoreTest, TellsWhatItBuilds) {
  make(1 << 20);
  auto asked = get_later(order(1), {});
  ASSERT_TRUE(soon([&] { return builder_.begun == 1; }));
  const auto views = store_->list("x", dataset_->version());
  ASSERT_EQ(views.size(), 1U);
  EXPECT_EQ(views[0].state, ViewStatus::State::kBuilding);
  EXPECT_EQ(views[0].order, "-a");
  EXPECT_TRUE(views[0].is_filtered);
  EXPECT_DOUBLE_EQ(views[0].progress, 1.0 / 3);
  builder_.open();
  ASSERT_TRUE(asked.get());
  EXPECT_EQ(store_->list("x", dataset_->version())[0].rows, 100);
  EXPECT_TRUE(store_->list("x", "another").empty());
}

TEST_F(ViewStoreTest, OrdersLeaveAThreadForCounts) {
  make(1 << 20);
  std::vector<std::future<Result<ViewStore::Shared>>> askers;
  for (int64_t value = 0; value < 5; ++value) askers.push_back(get_later(order(value), {}));
  ASSERT_TRUE(soon([&] { return builder_.begun == 2 && store_->counts().misses == 5; }));
  ViewRequest counts = order(0);
  counts.kind = ViewKind::kMatchCounts;
  counts.key = "counts";
  askers.push_back(get_later(counts, {}));
  EXPECT_TRUE(soon([&] { return builder_.begun == 3; }));
  builder_.open();
  for (auto& asker : askers) EXPECT_TRUE(asker.get());
  EXPECT_EQ(builder_.begun, 6);
}

TEST_F(ViewStoreTest, StopEndsBuildsAndTellsWhoWaits) {
  make(1 << 20);
  std::vector<std::future<Result<ViewStore::Shared>>> askers;
  for (int64_t value = 0; value < 4; ++value) askers.push_back(get_later(order(value), {}));
  ASSERT_TRUE(soon([&] { return builder_.begun == 2 && store_->counts().misses == 4; }));
  store_->stop();
  for (auto& asker : askers) EXPECT_EQ(asker.get().error().code, ErrorCode::kNotReady);
  EXPECT_EQ(store_->get(order(9), {}).error().code, ErrorCode::kNotReady);
  store_->stop();
}

TEST_F(ViewStoreTest, KeysTellWhatDiffersAndNothingElse) {
  const auto column = make_column(arrow::int64(), {.index = 0});
  const auto computed = make_column(arrow::int64(), {ColumnReference::Kind::kComputed, 0});
  const auto row = make_column(arrow::int64(), {.kind = ColumnReference::Kind::kRowNumber});
  const auto text = [](std::string value) {
    return make_literal(std::make_shared<arrow::StringScalar>(std::move(value)));
  };
  const auto in = [&](std::vector<ExpressionPtr> items) {
    items.insert(items.begin(), text("x"));
    return make_call(arrow::boolean(), Function::kIn, std::move(items));
  };
  Plan plan;
  plan.dataset = dataset_;
  plan.order = {{.expression = column}};
  const std::string plain = row_order_request(plan).key;
  EXPECT_NE(plain, match_counts_request(plan).key);
  plan.order.push_back({.expression = row});
  plan.order.push_back({.expression = column, .descending = true});
  plan.computed = {{.name = "unused", .expression = column}};
  plan.select = {{.name = "a", .expression = column}};
  plan.limit = 3;
  EXPECT_EQ(row_order_request(plan).key, plain);
  plan.order[0].expression = computed;
  const std::string by_computed = row_order_request(plan).key;
  EXPECT_NE(by_computed, plain);
  plan.computed[0].expression = make_call(arrow::int64(), Function::kNegate, {column});
  EXPECT_NE(row_order_request(plan).key, by_computed);
  plan.filter = in({text("a"), text("b")});
  const std::string two = match_counts_request(plan).key;
  plan.filter = in({text("a', 'b")});
  EXPECT_NE(match_counts_request(plan).key, two);
  plan.filter = in({text("a"), make_literal(arrow::MakeNullScalar(arrow::utf8()))});
  EXPECT_NE(match_counts_request(plan).key, two);
}

TEST(MatchCounts, FindsTheBlocksOfAWindow) {
  const MatchCounts counts(100, {0, 3, 3, 3, 8, 8});
  EXPECT_EQ(counts.rows(), 8);
  const auto expect = [&](int64_t offset, int64_t limit, MatchCounts::Place place) {
    const auto found = counts.find(offset, limit);
    EXPECT_EQ(found.begin, place.begin) << offset;
    EXPECT_EQ(found.end, place.end) << offset;
    EXPECT_EQ(found.offset, place.offset) << offset;
  };
  expect(0, 3, {0, 100, 0});
  expect(2, 1, {0, 100, 2});
  expect(2, 2, {0, 400, 2});
  expect(3, INT64_MAX, {300, 400, 0});
  expect(7, 1, {300, 400, 4});
}

TEST(MatchedRows, SlicesBitsAndNumbers) {
  constexpr int64_t kRows = 20'000;
  for (const int64_t step : {1, 3, 64, 501}) {
    std::vector<int64_t> matches;
    for (int64_t row = 5; row < kRows; row += step)
      if (row < 4'000 || row > 13'000) matches.push_back(row);
    MatchedRows::Builder builder(kRows);
    const auto half = static_cast<int64_t>(matches.size() / 2);
    builder.add({matches.begin(), matches.begin() + half});
    builder.add({matches.begin() + half, matches.end()});
    const MatchedRows kept = builder.finish();
    const auto count = static_cast<int64_t>(matches.size());
    EXPECT_EQ(kept.rows(), count);
    EXPECT_LE(kept.bytes(), MatchedRows::bytes_of(kRows, count));
    EXPECT_LE(kept.bytes(), kRows / 8 + 200);
    for (const int64_t offset : {int64_t{0}, int64_t{1}, count / 3, count - 1, count, INT64_MAX}) {
      const auto begin = matches.begin() + std::min(offset, count);
      const auto end = begin + std::min<int64_t>(100, matches.end() - begin);
      EXPECT_EQ(kept.slice(offset, 100), std::vector<int64_t>(begin, end)) << step << ' ' << offset;
    }
    EXPECT_EQ(kept.slice(0, INT64_MAX), matches);
  }
  MatchedRows::Builder none(100);
  EXPECT_TRUE(none.finish().slice(0, 10).empty());
}

TEST(RowOrder, SlicesAsFarAsItGoes) {
  const RowOrder order({5, 4, UINT32_MAX});
  EXPECT_EQ(order.slice(1, 9), (std::vector<int64_t>{4, int64_t{UINT32_MAX}}));
  EXPECT_TRUE(order.slice(INT64_MAX, INT64_MAX).empty());
}

}  // namespace
}  // namespace bowshot
