from rest_framework.pagination import CursorPagination


class NewestFirst(CursorPagination):
    """Pages by id, which is ordered by time: a page at row 10,000,000 costs what the first one costs."""

    ordering = "-id"
    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200
