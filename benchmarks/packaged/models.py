from django.db import models


class Lead(models.Model):
    """The stock's eleven fields. The package encrypts none."""

    first_name = models.CharField(max_length=200)
    last_name = models.CharField(max_length=200)
    email = models.EmailField()
    phone = models.CharField(max_length=30)
    zip = models.CharField(max_length=10)
    city = models.CharField(max_length=100)
    budget = models.IntegerField()
    message = models.TextField()
    ssn = models.CharField(max_length=20)
    birthday = models.CharField(max_length=20)
    income = models.CharField(max_length=20)

    class Meta:
        app_label = "packaged"

    def __str__(self) -> str:
        return str(self.pk)
