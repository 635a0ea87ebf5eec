/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: delays between cities follow the measured round trips they were fitted to; a place is a pure function of seed and identity; places are drawn
 * by population; the sum of a leg; every kind of bad data file is refused with its line. Leaves open: how good the fit is for a single pair. */
#include "sim/net/latency.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "sim/kernel/random.h"

#define CITIES "topologies/cities.csv"
#define CITY_COUNT 242u

static struct latency load(const char *path)
{
    struct latency l = {.model = LATENCY_COORDINATES, .seed = 1};
    char error[256] = "";
    if (latency_load_coordinates(&l, path, error, sizeof error) != 0)
        fail_msg("%s", error);
    return l;
}

static double rtt_ms(const struct latency *l, unsigned a, unsigned b)
{
    return 2e-6 * (double)latency_between_places(l, (uint16_t)a, (uint16_t)b);
}

static int compare_double(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void assert_within(double value, double expected, double share)
{
    if (fabs(value - expected) > share * expected)
        fail_msg("%.2f is more than %.0f %% off %.2f", value, 100 * share, expected);
}

/* Percentiles of the measured matrices (least round trip of the cities; PlanetLab median), over all ordered pairs. */
struct measured { const char *path; unsigned places; double mean, p5, p10, p25, p50, p75, p90; };

static void check_against(const struct measured *m)
{
    struct latency l = load(m->path);
    assert_int_equal(l.places, m->places);
    size_t pairs = 0;
    double *all = calloc((size_t)l.places * l.places, sizeof *all), sum = 0;
    assert_non_null(all);
    for (unsigned a = 0; a < l.places; a++)
        for (unsigned b = 0; b < l.places; b++)
            if (a != b)
                sum += all[pairs++] = rtt_ms(&l, a, b);
    qsort(all, pairs, sizeof *all, compare_double);
    assert_within(sum / (double)pairs, m->mean, 0.07);
    assert_within(all[pairs * 5 / 100], m->p5, 0.07);
    assert_within(all[pairs / 10], m->p10, 0.07);
    assert_within(all[pairs / 4], m->p25, 0.07);
    assert_within(all[pairs / 2], m->p50, 0.07);
    assert_within(all[pairs * 3 / 4], m->p75, 0.07);
    assert_within(all[pairs * 9 / 10], m->p90, 0.12);
    free(all);
    latency_free(&l);
}

static void round_trips_between_cities_follow_the_measured_ones(void **state)
{
    (void)state;
    check_against(&(struct measured){CITIES, CITY_COUNT, 151.25, 21.79, 33.59, 74.95, 140.45, 213.22, 282.86});
}

static void round_trips_between_planetlab_nodes_follow_the_measured_ones(void **state)
{
    (void)state;
    check_against(&(struct measured){"topologies/planetlab490_coords.csv", 490, 145.08, 18.84, 30.87, 59.11, 133.91, 203.21, 290.76});
}

static void a_place_depends_on_seed_and_identity_only(void **state)
{
    (void)state;
    struct latency l = load(CITIES), other = load(CITIES);
    l.access = other.access = (struct law){.kind = LAW_EXPONENTIAL, .a = 0.010};
    l.access_floor = other.access_floor = MILLIS(2);
    other.seed = 2;
    unsigned moved = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        struct location first = latency_locate(&l, i), again = latency_locate(&l, i), elsewhere = latency_locate(&other, i);
        assert_int_equal(first.place, again.place);
        assert_int_equal(first.access_us, again.access_us);
        moved += first.place != elsewhere.place;
    }
    assert_true(moved > 900);
    latency_free(&l);
    latency_free(&other);
}

static void places_are_drawn_by_population(void **state)
{
    (void)state;
    enum { DRAWS = 200000 };
    struct latency l = load(CITIES);
    unsigned count[CITY_COUNT] = {0};
    double total = 0, chi2 = 0;
    unsigned cells = 0;
    for (uint32_t i = 0; i < DRAWS; i++)
        count[latency_locate(&l, i).place]++;
    for (unsigned p = 0; p < l.places; p++)
        total += l.place[p].weight;
    for (unsigned p = 0; p < l.places; p++) {
        double expected = DRAWS * l.place[p].weight / total;
        if (l.place[p].weight <= 0)
            assert_int_equal(count[p], 0);
        if (expected < 10)
            continue;
        chi2 += (count[p] - expected) * (count[p] - expected) / expected;
        cells++;
    }
    /* Mean = cells, variance = 2 cells: five standard deviations. */
    assert_true(cells > 200);
    assert_true(chi2 < cells + 5 * sqrt(2.0 * cells));
    latency_free(&l);
}

static void access_delay_is_floor_plus_law(void **state)
{
    (void)state;
    enum { DRAWS = 50000 };
    struct latency l = load(CITIES);
    l.access_floor = MILLIS(2);
    assert_int_equal(latency_locate(&l, 7).access_us, 2000);
    l.access = (struct law){.kind = LAW_EXPONENTIAL, .a = 0.010};
    double sum = 0;
    for (uint32_t i = 0; i < DRAWS; i++) {
        uint32_t us = latency_locate(&l, i).access_us;
        assert_true(us >= 2000);
        sum += us;
    }
    assert_within(sum / DRAWS, 12000, 0.02);
    latency_free(&l);
}

static void a_leg_is_half_the_round_trip_and_both_access_delays(void **state)
{
    (void)state;
    struct place place[2] = {{.x_ms = 1, .y_ms = 2, .z_ms = 3, .height_ms = 5, .weight = 1}, {.x_ms = 3, .y_ms = 5, .z_ms = 9, .height_ms = 2, .weight = 1}};
    double cumulative[2] = {0.5, 1};
    struct latency l = {.model = LATENCY_COORDINATES, .place = place, .places = 2, .cumulative = cumulative};
    struct location a = {0, 1500}, b = {1, 250};
    /* Distance (2, 3, 6) = 7; (7 + 5 + 2) / 2 = 7 ms. */
    assert_int_equal(latency_one_way(&l, a, b, 0.5), MILLIS(7) + MICROS(1750));
    assert_int_equal(latency_one_way(&l, b, a, 0.5), MILLIS(7) + MICROS(1750));
    assert_int_equal(latency_one_way(&l, a, a, 0.5), MILLIS(5) + MICROS(3000));
}

static void constant_and_exponential_delays_know_no_place(void **state)
{
    (void)state;
    struct latency l = {.model = LATENCY_CONSTANT, .delay = MILLIS(50), .access_floor = MILLIS(2)};
    struct location at = latency_locate(&l, 3);
    assert_int_equal(at.place, 0);
    assert_int_equal(latency_one_way(&l, at, at, 0.1), MILLIS(50));
    l.model = LATENCY_EXPONENTIAL;
    double sum = 0;
    for (uint64_t i = 0; i < 100000; i++)
        sum += (double)latency_one_way(&l, at, at, random_unit(1, 0, STREAM_TEST, i));
    assert_within(sum / 100000, 50e6, 0.02);
}

/* A file of the given bytes, plain or compressed; the caller removes it. */
static char *file_of(const void *bytes, size_t len, int compressed)
{
    char *path = strdup("/tmp/latency_test_XXXXXX");
    assert_non_null(path);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    gzFile file = gzdopen(fd, compressed ? "wb" : "wbT");
    assert_non_null(file);
    assert_int_equal(gzwrite(file, bytes, (unsigned)len), (int)len);
    assert_int_equal(gzclose(file), Z_OK);
    return path;
}

static void remove_file(char *path)
{
    unlink(path);
    free(path);
}

/* Expects that the file is refused with a message that ends as given, after the path. */
static void assert_refused(const void *bytes, size_t len, const char *message)
{
    struct latency l = {.model = LATENCY_COORDINATES};
    char error[256] = "";
    char *path = file_of(bytes, len, 0);
    assert_int_equal(latency_load_coordinates(&l, path, error, sizeof error), -1);
    assert_null(l.place);
    assert_null(l.cumulative);
    assert_memory_equal(error, path, strlen(path));
    assert_string_equal(error + strlen(path), message);
    remove_file(path);
}

static void bad_files_are_refused_with_their_line(void **state)
{
    (void)state;
    static const struct { const char *text, *message; } cases[] = {
        {"", ": empty: a line with the names of the columns is needed"},
        {"# only a comment\n", ":1: empty: a line with the names of the columns is needed"},
        {"x_ms,z_ms\n1,2\n", ":1: no column is called y_ms; the first line names the columns"},
        {"x_ms,y_ms,x_ms\n1,2,3\n", ":1: two columns are called x_ms"},
        {"x_ms,y_ms\n", ":1: no places after the line with the names of the columns"},
        {"x_ms,y_ms\n1,2\n3\n", ":3: 1 columns, but the first line names 2"},
        {"x_ms,y_ms\n1,2,3\n", ":2: 3 columns, but the first line names 2"},
        {"x_ms,y_ms\n\n# c\n1,2x\n", ":4: y_ms: \"2x\" is no number"},
        {"x_ms,y_ms\n1,\n", ":2: y_ms: \"\" is no number"},
        {"x_ms,y_ms\n1,nan\n", ":2: y_ms: \"nan\" is no number"},
        {"x_ms,y_ms\n1,1e400\n", ":2: y_ms: \"1e400\" is no number"},
        {"x_ms,y_ms\n-1e6,1\n", ":2: x_ms: -1e6 is not in -100000 to 100000"},
        {"x_ms,y_ms,height_ms\n1,1,-0.5\n", ":2: height_ms: -0.5 is not in 0 to 100000"},
        {"x_ms,y_ms,lat\n1,1,91\n", ":2: lat: 91 is not in -90 to 90"},
        {"x_ms,y_ms,population\n1,1,0\n2,2,0\n", ":3: every population is 0"},
        {"x_ms,y_ms,population\n1,1,-3\n", ":2: population: -3 is not in 0 to 1e+12"},
        {"x_ms,y_ms,population\n1,1,\n", ":2: population: \"\" is no number"},
        {"x_ms,y_ms,city\n1,1,\"Bonn\n", ":2: column 3: quotes do not match"},
        {"x_ms,y_ms,city\n1,1,\"Bonn\"x\n", ":2: column 3: quotes do not match"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_refused(cases[i].text, strlen(cases[i].text), cases[i].message);
    static const char zero[] = "x_ms,y_ms\n1,\0002\n";
    assert_refused(zero, sizeof zero - 1, ":2: zero byte in the text: not a CSV file");
}

static void endless_lines_and_columns_are_refused(void **state)
{
    (void)state;
    static char text[20000];
    memset(text, '1', sizeof text);
    assert_refused(text, sizeof text, ":1: line longer than 4094 bytes");
    memset(text, ',', 100);
    assert_refused(text, 100, ":1: more than 64 columns");
}

static void a_missing_file_is_named(void **state)
{
    (void)state;
    struct latency l = {.model = LATENCY_COORDINATES};
    char error[256] = "";
    assert_int_equal(latency_load_coordinates(&l, "topologies/atlantis.csv", error, sizeof error), -1);
    assert_string_equal(error, "topologies/atlantis.csv: No such file or directory");
    assert_int_equal(latency_load_coordinates(&l, "topologies", error, sizeof error), -1);
    char small[10];
    memset(small, 'x', sizeof small);
    assert_int_equal(latency_load_coordinates(&l, "topologies/atlantis.csv", small, sizeof small), -1);
    assert_int_equal(small[9], '\0');
}

static void forms_that_spreadsheets_write_are_read(void **state)
{
    (void)state;
    static const char text[] = "# c\r\n\"x_ms\",city,y_ms,lat\r\n1.5,\"Say \"\"Ah\"\", Bonn\",-2,\r\n3,,4e0,50.7";
    for (int compressed = 0; compressed < 2; compressed++) {
        char *path = file_of(text, sizeof text - 1, compressed);
        struct latency l = load(path);
        assert_int_equal(l.places, 2);
        assert_true(l.place[0].x_ms == 1.5f && l.place[0].y_ms == -2.0f && l.place[0].latitude == 0.0f);
        assert_true(l.place[1].x_ms == 3.0f && l.place[1].y_ms == 4.0f && l.place[1].weight == 1.0);
        assert_true(l.cumulative[0] == 0.5 && l.cumulative[1] == 1.0);
        latency_free(&l);
        remove_file(path);
    }
}

static void a_compressed_file_cut_short_is_refused(void **state)
{
    (void)state;
    static char text[60000];
    size_t len = (size_t)snprintf(text, sizeof text, "x_ms,y_ms\n");
    for (unsigned i = 0; len < sizeof text - 40; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%u,%u\n", i % 997, i * i % 1009);
    char *path = file_of(text, len, 1);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    static unsigned char packed[60000];
    size_t size = fread(packed, 1, sizeof packed, file);
    fclose(file);
    remove_file(path);
    struct latency l = {.model = LATENCY_COORDINATES};
    for (size_t cut = 20; cut < size; cut += size / 7) {
        char error[256] = "";
        path = file_of(packed, cut, 0);
        assert_int_equal(latency_load_coordinates(&l, path, error, sizeof error), -1);
        assert_non_null(strstr(error, "the compressed file is cut short"));
        remove_file(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips_between_cities_follow_the_measured_ones),
        cmocka_unit_test(round_trips_between_planetlab_nodes_follow_the_measured_ones),
        cmocka_unit_test(a_place_depends_on_seed_and_identity_only),
        cmocka_unit_test(places_are_drawn_by_population),
        cmocka_unit_test(access_delay_is_floor_plus_law),
        cmocka_unit_test(a_leg_is_half_the_round_trip_and_both_access_delays),
        cmocka_unit_test(constant_and_exponential_delays_know_no_place),
        cmocka_unit_test(bad_files_are_refused_with_their_line),
        cmocka_unit_test(endless_lines_and_columns_are_refused),
        cmocka_unit_test(a_missing_file_is_named),
        cmocka_unit_test(forms_that_spreadsheets_write_are_read),
        cmocka_unit_test(a_compressed_file_cut_short_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
